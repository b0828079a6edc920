import { checkLedger, readBudgets, type Scope, setBudgets, UNLIMITED } from '@sagewai/ledger';
import { inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { lockParts } from './described-parts.sql.ts';
import { ask, curlAs, litellmTest as test, makeToken } from './fixture.sql.ts';
import type { Holder } from './named-budget.ts';
import {
  dropHolder,
  holdNamedBudget,
  listHolders,
  lockHolders,
  lockNamedBudget,
  replaceLimits,
} from './named-budgets.sql.ts';

describe('a budget with a name', () => {
  test('is the limits of all who have it, each by itself, as they are at any time', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const free = { budget_id: 'free', max_budget: 0.5, budget_duration: '7d', rpm_limit: 2 };
    expect(await curl('POST /budget/new', free)).toMatchObject({
      status: 200,
      body: { ...free, tpm_limit: null, soft_budget: null, budget_limits: [], updated_at: null },
    });
    const keys = [];
    for (let n = 0; n < 2; n++) {
      const { body } = await curl('POST /key/generate', { budget_id: 'free' });
      expect(body).toMatchObject(free);
      keys.push(body.key as string);
    }
    const [one = '', other = ''] = keys;
    const statuses = async (key: string, count: number) => {
      const answers = await Promise.all(
        Array.from({ length: count }, () => gateway.chat(key, ask)),
      );
      return answers.map(({ status }) => status).toSorted((a, b) => a - b);
    };
    expect(await statuses(one, 3)).toEqual([200, 200, 429]);
    expect(await statuses(other, 3)).toEqual([200, 200, 429]);

    const more = await curl('POST /budget/update', { budget_id: 'free', rpm_limit: 3 });
    expect(more.body).toMatchObject({ ...free, rpm_limit: 3 });
    for (const key of keys) expect(await statuses(key, 2)).toEqual([200, 429]);
    expect((await curl(`GET /key/info?key=${one}`)).body.info).toMatchObject({
      budget_id: 'free',
      rpm_limit: 3,
      spend: expect.toSatisfy((spend: number) => spend > 0),
    });
    expect(await checkLedger(db, [tenant.orgId])).toEqual([]);
  });

  test('goes without limits of one’s own, until it is given back', async ({ curl }) => {
    await curl('POST /budget/new', { budget_id: 'b', max_budget: 1 });
    const both = await curl('POST /key/generate', { budget_id: 'b', max_budget: 2 });
    expect(both).toMatchObject({ status: 400 });
    expect(both.body.error.message).toContain('budget_id goes without max_budget');
    const { body: made } = await curl('POST /key/generate', { budget_id: 'b' });
    const changed = await curl('POST /key/update', { key: made.key, max_budget: 2 });
    expect(changed.status).toBe(400);
    expect(changed.body.error.message).toContain('are those of the budget b');
    const own = await curl('POST /key/update', { key: made.key, budget_id: null, max_budget: 2 });
    expect(own.body).toMatchObject({ budget_id: null, max_budget: 2 });
    await curl('POST /budget/update', { budget_id: 'b', max_budget: 5 });
    expect((await curl(`GET /key/info?key=${made.key}`)).body.info).toMatchObject({
      max_budget: 2,
    });
    expect((await curl('POST /key/generate', { budget_id: 'none' })).status).toBe(404);
    expect((await curl('POST /budget/new', { budget_id: 'b' })).status).toBe(409);
    const soft = await curl('POST /budget/new', { soft_budget: 1 });
    expect(soft).toMatchObject({ status: 400 });
    expect(soft.body.error.message).toContain('keys have one of their own');
  });

  test('is deleted when nobody has it any more: keys, teams and users that go give it back', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    await curl('POST /budget/new', { budget_id: 'b', max_budget: 1, budget_duration: '24h' });
    const { body: key } = await curl('POST /key/generate', { budget_id: 'b' });
    const ofBudget = { budget_id: 'b', max_budget: 1, budget_duration: '24h' };
    const team = await curl('POST /team/new', { team_id: 't', budget_id: 'b' });
    expect(team.body).toMatchObject(ofBudget);
    const user = { user_id: 'ada', budget_id: 'b', auto_create_key: false };
    expect((await curl('POST /user/new', user)).body).toMatchObject(ofBudget);
    const held = await curl('POST /budget/delete', { id: 'b' });
    expect(held.status).toBe(409);
    expect(held.body.error.message).toContain('The budget b is that of key');
    // A change of its limits by another surface makes them its own.
    const own = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const id = (await own('GET /api/v1/keys')).body.keys[0].id as string;
    await own(`PATCH /api/v1/keys/${id}`, { budget: { usd_per_day: '7' } });
    const info = (await curl(`GET /key/info?key=${key.key}`)).body.info;
    expect(info).toMatchObject({ budget_id: null, max_budget: 7 });
    await curl('POST /key/update', { key: key.key, budget_id: 'b' });
    await curl('POST /key/delete', { keys: [key.key] });
    await curl('POST /team/delete', { team_ids: ['t'] });
    await curl('POST /user/delete', { user_ids: ['ada'] });
    expect((await curl('POST /budget/info', { budgets: ['b', 'c'] })).body).toMatchObject([
      ofBudget,
    ]);
    expect((await curl('GET /budget/list')).body).toHaveLength(1);
    expect((await curl('POST /budget/delete', { id: 'b' })).body).toMatchObject(ofBudget);
    expect((await curl('GET /budget/list')).body).toEqual([]);
    expect((await curl('POST /budget/delete', { id: 'b' })).status).toBe(404);
  });

  test('comes to somebody with the limits that it has when that is decided', async ({
    curl,
    db,
    owner,
    tenant,
  }) => {
    await curl('POST /budget/new', { budget_id: 'b', rpm_limit: 1 });
    const of = { orgId: tenant.orgId, id: 'b' };
    const limits = { ...UNLIMITED, requestsPerMinute: 2n };
    await using change = await holdTransaction(db, [tenant.orgId], async (tx) => {
      await lockNamedBudget(tx, of);
      return replaceLimits(tx, of, { limits, by: 'test' });
    });
    const made = curl('POST /key/generate', { budget_id: 'b' });
    await untilWaiting(owner);
    expect(await inTenant(db, [tenant.orgId], (tx) => listHolders(tx, of, 10))).toEqual([]);
    await change.commit();
    expect((await made).body).toMatchObject({ budget_id: 'b', rpm_limit: 2 });
    await inTenant(db, [tenant.orgId], async (tx) => {
      const [holder] = await listHolders(tx, of, 10);
      if (holder) await dropHolder(tx, holder);
      expect(await holdNamedBudget(tx, of)).toMatchObject({ limits });
    });
    expect((await curl('POST /budget/delete', { id: 'b' })).status).toBe(200);
  });

  test('that is given back while it changes leaves alone the limits that came in its place', async ({
    curl,
    db,
    owner,
    tenant,
  }) => {
    await curl('POST /budget/new', { budget_id: 'b', rpm_limit: 1 });
    const { orgId } = tenant;
    const teamWithIt = async (): Promise<Scope & Holder> => {
      const { body } = await curl('POST /team/new', { budget_id: 'b' });
      return { orgId, kind: 'team', id: body.team_id as string };
    };
    const [leaves, stays] = [await teamWithIt(), await teamWithIt()];
    const own = { ...UNLIMITED, requestsPerMinute: 7n };
    await using change = await holdTransaction(db, [orgId], async (tx) => {
      await dropHolder(tx, leaves);
      await setBudgets(tx, leaves, own);
    });
    const updated = curl('POST /budget/update', { budget_id: 'b', rpm_limit: 2 });
    await untilWaiting(owner);
    await change.commit();
    expect((await updated).status).toBe(200);
    await inTenant(db, [orgId], async (tx) => {
      expect(await lockHolders(tx, { orgId, id: 'b' })).toEqual([stays]);
      expect((await readBudgets(tx, leaves)).limits).toEqual(own);
      expect((await readBudgets(tx, stays)).limits).toMatchObject({ requestsPerMinute: 2n });
    });
  });

  test.for([
    ['end_user', '/customer', { user_id: 'ada' }],
    ['tag', '/tag', { name: 'ada' }],
  ] as const)(
    'is locked before the %s that gets it: a change of it locks in that order too',
    async ([facet, path, named], { curl, db, owner, tenant }) => {
      const { orgId } = tenant;
      await curl('POST /budget/new', { budget_id: 'b', rpm_limit: 1 });
      await curl(`POST ${path}/new`, named);
      await using change = await holdTransaction(db, [orgId], async (tx) =>
        lockNamedBudget(tx, { orgId, id: 'b' }),
      );
      const given = curl(`POST ${path}/update`, { ...named, budget_id: 'b' });
      await untilWaiting(owner);
      await inTenant(db, [orgId], async (tx) => {
        await sql`set local lock_timeout = '5s'`.execute(tx);
        await lockParts(tx, { orgId, facet }, ['ada']);
      });
      await change.commit();
      expect((await given).status).toBe(200);
    },
  );

  test('is changed by administrators of the whole organization alone', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    await curl('POST /budget/new', { budget_id: 'b', max_budget: 1 });
    const { body: key } = await curl('POST /key/generate', {});
    const reader = await makeToken(db, tenant, ['read', 'write']);
    const bound = await makeToken(db, tenant, ['admin'], tenant.projectId);
    for (const bearer of [key.key, reader, bound]) {
      const change = { budget_id: 'b', max_budget: 9 };
      expect((await curlAs(gateway, bearer)('POST /budget/update', change)).status).toBe(403);
    }
    const audit = curlAs(gateway, await makeToken(db, tenant, ['admin']));
    const { body: list } = await audit('GET /budget/list');
    expect(list).toMatchObject([{ budget_id: 'b', max_budget: 1 }]);
  });
});
