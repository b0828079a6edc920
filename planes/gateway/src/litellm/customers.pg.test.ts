import { checkLedger, setFacetLimits, UNLIMITED } from '@sagewai/ledger';
import { inTenant } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { adjustPart, findParts, lockParts, noteBlock } from './described-parts.sql.ts';
import { ask, curlAs, litellmTest as test, makeToken } from './fixture.sql.ts';

describe('a customer', () => {
  test('as documented: has a budget of their own, whoever’s key it is', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const made = await curl('POST /customer/new', {
      user_id: 'bob',
      alias: 'Bob & Co',
      max_budget: 0.000115,
      budget_duration: '24h',
      metadata: { plan: 'free' },
    });
    expect(made).toMatchObject({
      status: 200,
      body: {
        user_id: 'bob',
        alias: 'Bob & Co',
        blocked: false,
        spend: 0,
        metadata: { plan: 'free' },
        litellm_budget_table: { budget_id: null, max_budget: 0.000115, budget_duration: '24h' },
      },
    });
    const [one, other] = [
      (await curl('POST /key/generate', {})).body.key as string,
      (await curl('POST /key/generate', {})).body.key as string,
    ];
    const call = async (key: string, user: string) =>
      (await gateway.chat(key, { ...ask, user })).status;
    let status = 200;
    for (let calls = 0; calls < 30 && status === 200; calls++) status = await call(one, 'bob');
    expect(status).toBe(429);
    expect(await call(other, 'bob')).toBe(429);
    expect(await call(other, 'eve')).toBe(200);
    const long = { ...ask, messages: [{ role: 'user', content: 'hi'.repeat(50) }] };
    const told = await curlAs(gateway, other)('POST /v1/chat/completions', long, {
      'x-litellm-customer-id': 'bob',
    });
    expect(told).toMatchObject({
      status: 429,
      body: { error: { message: expect.stringContaining('of the end user bob of this organ') } },
    });
    const info = await curl('GET /customer/info?end_user_id=bob');
    expect(info.body.spend).toBeGreaterThan(0);
    expect(info.body.litellm_budget_table.budget_reset_at).toMatch(/T00:00:00/);
    const more = await curl('POST /customer/update', { user_id: 'bob', max_budget: 1 });
    expect(more.body).toMatchObject({ alias: 'Bob & Co', spend: info.body.spend });
    expect(await call(one, 'bob')).toBe(200);
    await curl('POST /end_user/delete', { user_ids: ['bob'] });
    expect((await curl('GET /customer/info?end_user_id=bob')).status).toBe(404);
    expect(await call(one, 'bob')).toBe(200);
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    expect((await admin('GET /api/v1/facet-limits')).body.limits).toEqual([]);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });

  test('who is blocked makes no call, and has the limits of before when they may again', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const { body: key } = await curl('POST /key/generate', {});
    const call = async (user: string) => {
      const answer = await gateway.chat(key.key, { ...ask, user });
      return [answer.status, ((await answer.json()) as { error?: unknown }).error];
    };
    await curl('POST /customer/new', { user_id: 'bob', rpm_limit: 2 });
    const blocked = await curl('POST /customer/block', { user_ids: ['eve', 'bob', 'bob'] });
    expect(blocked.body.blocked_users).toMatchObject([
      { user_id: 'bob', blocked: true, litellm_budget_table: { rpm_limit: 2 } },
      { user_id: 'eve', blocked: true, litellm_budget_table: null },
    ]);
    for (const user of ['bob', 'eve']) {
      expect(await call(user)).toMatchObject([
        403,
        {
          message: expect.stringContaining(`the end user ${user} of this organization are blocked`),
        },
      ]);
    }
    expect((await call('zoe'))[0]).toBe(200);
    // What is changed meanwhile holds from the end of the block on.
    const changed = await curl('POST /customer/update', { user_id: 'bob', rpm_limit: 1 });
    expect(changed.body).toMatchObject({ blocked: true, litellm_budget_table: { rpm_limit: 1 } });
    expect((await call('bob'))[0]).toBe(403);
    const free = await curl('POST /customer/unblock', { user_ids: ['bob', 'eve'] });
    expect(free.body.unblocked_users).toMatchObject([{ blocked: false }, { blocked: false }]);
    expect((await call('bob'))[0]).toBe(200);
    expect((await call('bob'))[0]).toBe(429);
    for (let n = 0; n < 3; n++) expect((await call('eve'))[0]).toBe(200);
    expect((await curl('POST /customer/unblock', { user_ids: ['nobody'] })).status).toBe(404);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });

  test('who has a budget with a name stays blocked when that changes', async ({
    curl,
    db,
    gateway,
    owner,
    tenant,
  }) => {
    await curl('POST /budget/new', { budget_id: 'paid', rpm_limit: 5 });
    await curl('POST /customer/new', { user_id: 'bob', budget_id: 'paid' });
    const { body: key } = await curl('POST /key/generate', {});
    const status = async () => (await gateway.chat(key.key, { ...ask, user: 'bob' })).status;
    expect(await status()).toBe(200);
    // Somebody blocks him while the budget changes.
    const of = { orgId: tenant.orgId, facet: 'end_user' } as const;
    await using block = await holdTransaction(db, [tenant.orgId], (tx) =>
      lockParts(tx, of, ['bob']),
    );
    const change = curl('POST /budget/update', { budget_id: 'paid', rpm_limit: 1 });
    await untilWaiting(owner);
    await block.commit();
    expect((await change).status).toBe(200);
    await curl('POST /customer/block', { user_ids: ['bob'] });
    await curl('POST /budget/update', { budget_id: 'paid', rpm_limit: 9 });
    expect(await status()).toBe(403);
    await curl('POST /customer/update', { user_id: 'bob', blocked: false });
    expect((await curl('GET /customer/info?end_user_id=bob')).body).toMatchObject({
      blocked: false,
      litellm_budget_table: { budget_id: 'paid', rpm_limit: 9 },
    });
    expect(await status()).toBe(200);
    expect((await curl('GET /customer/list')).body).toMatchObject([{ user_id: 'bob' }]);
    await curl('POST /customer/delete', { user_ids: ['bob'] });
    expect((await curl('POST /budget/delete', { id: 'paid' })).status).toBe(200);
  });

  test('whose block was lifted in the ledger itself is not blocked again by another change', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const { body: key } = await curl('POST /key/generate', {});
    const status = async () => (await gateway.chat(key.key, { ...ask, user: 'bob' })).status;
    await curl('POST /customer/block', { user_ids: ['bob'] });
    expect(await status()).toBe(403);
    const admin = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    expect((await admin('GET /api/v1/facet-limits')).body.limits).toMatchObject([{ name: 'bob' }]);
    const scope = { orgId: tenant.orgId, kind: 'organization', id: tenant.orgId } as const;
    await inTenant(db, [tenant.orgId], (tx) =>
      setFacetLimits(tx, { scope, facet: 'end_user', name: 'bob' }, UNLIMITED),
    );
    expect((await curl('GET /customer/info?end_user_id=bob')).body.blocked).toBe(false);
    const changed = await curl('POST /customer/update', { user_id: 'bob', max_budget: 1 });
    expect(changed.body).toMatchObject({ blocked: false, litellm_budget_table: { max_budget: 1 } });
    expect(await status()).toBe(200);
    await curl('POST /customer/block', { user_ids: ['bob'] });
    expect(await status()).toBe(403);
  });

  test('is described once; what is not kept here is refused by its name', async ({ curl }) => {
    expect((await curl('POST /customer/new', { user_id: 'bob' })).body).toMatchObject({
      spend: null,
      litellm_budget_table: null,
    });
    expect((await curl('POST /customer/new', { user_id: 'bob' })).status).toBe(409);
    expect((await curl('POST /customer/update', { user_id: 'eve' })).status).toBe(404);
    const gone = await curl('POST /customer/delete', { user_ids: ['bob', 'eve'] });
    expect(gone.status).toBe(404);
    expect((await curl('GET /customer/info?end_user_id=bob')).status).toBe(200);
    const region = await curl('POST /customer/new', { user_id: 'e', allowed_model_region: 'eu' });
    expect(region.body.error.message).toContain('data classification');
    for (const user_id of ['', ' bob', 'a\nb', 'a\u0085b']) {
      expect((await curl('POST /customer/new', { user_id })).status).toBe(400);
    }
  });

  test('is kept in rows: a block keeps what it stands for, a change leaves what it does not name', async ({
    curl,
    db,
    tenant,
  }) => {
    await curl('POST /customer/new', { user_id: 'bob', alias: 'Bob' });
    const of = { orgId: tenant.orgId, facet: 'end_user', name: 'bob' } as const;
    await inTenant(db, [tenant.orgId], async (tx) => {
      await noteBlock(tx, of, { requestsBefore: 7n });
      expect(await adjustPart(tx, of, { metadata: { a: 1 } })).toMatchObject({
        label: 'Bob',
        metadata: { a: 1 },
        requestsBefore: 7n,
        blockedAt: expect.any(Date),
      });
      await noteBlock(tx, of, null);
      const found = await findParts(tx, of, { names: ['bob', 'eve'], limit: 2 });
      expect(found).toMatchObject([{ blockedAt: null, requestsBefore: null }]);
    });
  });
});

describe('a tag', () => {
  test('has a budget for all calls that have it: of keys, and by a header', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const made = await curl('POST /tag/new', {
      name: 'marketing',
      description: 'Campaigns',
      max_budget: 0,
      budget_duration: '30d',
    });
    expect(made.body).toMatchObject({
      message: 'Made the tag marketing.',
      tag: {
        name: 'marketing',
        description: 'Campaigns',
        models: [],
        litellm_budget_table: { max_budget: 0, budget_duration: '30d' },
      },
    });
    const { body: tagged } = await curl('POST /key/generate', { tags: ['marketing'] });
    const { body: plain } = await curl('POST /key/generate', { tags: ['night'] });
    const call = async (key: string, headers = {}) =>
      (await curlAs(gateway, key)('POST /v1/chat/completions', ask, headers)).status;
    expect(await call(tagged.key)).toBe(429);
    expect(await call(plain.key)).toBe(200);
    expect(await call(plain.key, { 'x-litellm-tags': 'other, marketing' })).toBe(429);
    expect(await call(plain.key, { 'x-sagewai-tags': 'marketing' })).toBe(429);
    await curl('POST /tag/update', { name: 'marketing', max_budget: 1 });
    expect(await call(plain.key, { 'x-litellm-tags': 'marketing,night' })).toBe(200);
    const info = await curl('POST /tag/info', { names: ['marketing', 'night'] });
    expect(Object.keys(info.body)).toEqual(['marketing']);
    expect(info.body.marketing.spend).toBeGreaterThan(0);
    const spend = (await curl('GET /spend/tags')).body as { individual_request_tag: string }[];
    expect(spend.map((one) => one.individual_request_tag).toSorted()).toEqual([
      'marketing',
      'night',
    ]);
    expect((await curl('GET /tag/list')).body).toMatchObject([{ name: 'marketing' }]);
    expect((await curl('POST /tag/new', { name: 'marketing' })).status).toBe(409);
    expect((await curl('POST /tag/new', { name: 'x', models: ['m'] })).status).toBe(400);
    await curl('POST /tag/delete', { name: 'marketing' });
    expect((await curl('GET /tag/list')).body).toEqual([]);
    expect((await curl('POST /tag/update', { name: 'marketing' })).status).toBe(404);
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });
});
