import { randomBytes } from 'node:crypto';

import { listHashes } from '@sagewai/identity';
import { sumSpendByScope } from '@sagewai/ledger';
import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { startGateway } from '../gateway-fixture.ts';
import { ask, curlAs, litellmTest as test, makeToken, MASTER, sha256 } from './fixture.sql.ts';
import { pageKeys } from './key-pages.sql.ts';
import { admitPerson } from './people.sql.ts';
import { findTeam } from './teams.sql.ts';

const REFUSED = [
  [{ metadata: { note: '\ud800' } }, '', 'half of a character'],
  [{ max_budgt: 1 }, 'max_budgt', 'is not a known field'],
  [{ model_max_budget: { m: {} } }, 'model_max_budget.m', 'must have a budget_limit'],
  [{ model_rpm_limit: { '//': 1 } }, 'model_rpm_limit', 'is no model'],
  [{ auto_rotate: true }, 'rotation_interval', 'go together'],
  [{ rotation_interval: '30d' }, 'auto_rotate', 'go together'],
  [{ auto_rotate: true, rotation_interval: '5m' }, 'rotation_interval', 'must be 1h at least'],
  [{ auto_rotate: false, rotation_interval: '5d' }, 'rotation_interval', 'goes with'],
  [{ spend: 3 }, 'spend', 'what the ledger says'],
  [{ budget_duration: '45d', max_budget: 1 }, 'budget_duration', 'must be one of'],
  [{ duration: 'soon' }, 'duration', 'must be like 30s'],
  [{ allowed_routes: ['management_routes'] }, 'allowed_routes', 'must be paths'],
  [{ allowed_routes: ['/key/*/../x*'] }, 'allowed_routes', 'must be paths'],
  [{ key_type: 'management' }, 'key_type', 'a virtual key administers nothing'],
  [{ models: ['openai/*'] }, 'models', 'wildcards'],
  [{ max_budget: -1 }, 'max_budget', ''],
  [{ key: 'sk-1234' }, 'key', 'is refused'],
  [{ key: 'sk-fleet-abc' }, 'key', 'must start with sk-'],
  [{ team_id: 'nobody' }, '', 'There is no team nobody'],
] as const;

describe('POST /key/generate', () => {
  test('as documented: makes a key that works, and answers what it is', async ({
    curl,
    db,
    gateway,
    tenant,
  }) => {
    const made = await curl('POST /key/generate', {
      models: ['simulated'],
      key_alias: 'ci',
      duration: '30d',
      max_budget: 0.5,
      soft_budget: 0.25,
      budget_duration: '30d',
      tpm_limit: 10_000,
      rpm_limit: 100,
      max_parallel_requests: 4,
      metadata: { user: 'ishaan@berri.ai' },
      tags: ['ci'],
      user_id: 'ishaan',
    });
    expect(made).toMatchObject({
      status: 200,
      body: {
        key_alias: 'ci',
        models: ['simulated'],
        max_budget: 0.5,
        soft_budget: 0.25,
        soft_budget_exceeded: false,
        budget_duration: '30d',
        tpm_limit: 10_000,
        rpm_limit: 100,
        max_parallel_requests: 4,
        metadata: { user: 'ishaan@berri.ai' },
        tags: ['ci'],
        user_id: 'ishaan',
        team_id: null,
        spend: 0,
        blocked: false,
        project_id: tenant.projectId,
        created_by: 'token:litellm-master-key',
        permissions: {},
        litellm_budget_table: null,
      },
    });
    const { key, token, expires, budget_reset_at: resets } = made.body;
    expect(token).toBe(sha256(key));
    const inDays = (Date.parse(expires) - Date.now()) / 86_400_000;
    expect(Math.round(inDays)).toBe(30);
    expect(new Date(resets).getUTCDate()).toBe(1);
    expect((await gateway.chat(key, ask)).status).toBe(200);
    expect((await gateway.chat(key, { ...ask, model: 'simulated-large' })).status).toBe(403);
    // One truth: the same key on our own surface.
    const own = curlAs(gateway, await makeToken(db, tenant, ['read']));
    expect((await own('GET /api/v1/keys')).body.keys).toMatchObject([
      { name: 'ci', budget: { usd_per_month: '0.5' }, tokens_per_minute: 10_000 },
    ]);
  });

  test('puts the key into the project of its metadata, and never into one beyond the caller', async ({
    curl,
    db,
    gateway,
    owner,
    tenant,
  }) => {
    const { rows } = await sql<{ id: string }>`
      insert into project (id, org_id, name) values (gen_random_uuid(), ${tenant.orgId}, 'shop')
      returning id
    `.execute(owner);
    const shop = rows[0]?.id ?? '';
    const made = await curl('POST /key/generate', { metadata: { project: 'shop' } });
    expect(made.body).toMatchObject({ project_id: shop, metadata: { project: 'shop' } });
    const bound = curlAs(gateway, await makeToken(db, tenant, ['write'], tenant.projectId));
    expect((await bound('POST /key/generate', { metadata: { project: 'shop' } })).status).toBe(404);
    expect((await bound(`GET /key/info?key=${made.body.key}`)).status).toBe(404);
    expect((await bound('POST /key/delete', { keys: [made.body.key] })).status).toBe(404);
    expect((await bound('POST /key/generate', { user_id: 'x' })).status).toBe(403);
    expect((await bound('POST /key/generate', {})).status).toBe(200);
    expect((await bound('GET /key/list')).body).toMatchObject({ total_count: 1 });
  });

  test('refuses by name what it does not do', async ({ curl }) => {
    for (const [body, param, message] of REFUSED) {
      const answer = await curl('POST /key/generate', body);
      expect([400, 404]).toContain(answer.status);
      const { error } = answer.body;
      expect([body, error.message]).toEqual([body, expect.stringContaining(message)]);
      if (param !== '') expect(error.param).toContain(param);
      expect(error.code).toBe(String(answer.status));
    }
    expect((await curl('GET /key/list')).body.total_count).toBe(0);
  });

  test('lets empty fields of LiteLLM through, and takes a key that is brought along', async ({
    curl,
    gateway,
  }) => {
    const key = `sk-${randomBytes(32).toString('base64url')}`;
    const empty = { guardrails: [], config: {}, permissions: {}, send_invite_email: false };
    const made = await curl('POST /key/generate', { ...empty, budget_id: null, key });
    expect(made.body).toMatchObject({ key, token: sha256(key), key_alias: null });
    expect((await gateway.chat(key, ask)).status).toBe(200);
    expect((await curl('POST /key/generate', { key })).status).toBe(409);
  });

  test('takes guardrails away from a key only where it is told so', async ({ curl, gateway }) => {
    const made = await curl('POST /key/generate', { guardrails: ['gone'], metadata: { a: 1 } });
    const { key } = made.body;
    const update = async (fields: object): Promise<[object, number]> => {
      const { body } = await curl('POST /key/update', { key, ...fields });
      return [body.metadata, (await gateway.chat(key, ask)).status];
    };
    // Nothing passes: there is no such guardrail.
    expect(await update({ metadata: { b: 2 } })).toEqual([{ b: 2, guardrails: ['gone'] }, 503]);
    expect(await update({ metadata: null })).toEqual([{ guardrails: ['gone'] }, 503]);
    expect(await update({ guardrails: [] })).toEqual([{ guardrails: [] }, 200]);
  });

  test('gives no two keys one alias, also not at the same time', async ({ curl }) => {
    const both = await Promise.all(
      [1, 2].map(() => curl('POST /key/generate', { key_alias: 'mine' })),
    );
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 409]));
    expect((await curl('GET /key/list?key_alias=mine')).body.total_count).toBe(1);
  });
});

describe('who may administer', () => {
  test('a virtual key reads itself and changes nothing', async ({ curl, gateway }) => {
    const [mine, other] = [
      (await curl('POST /key/generate', { max_budget: 1 })).body,
      (await curl('POST /key/generate', {})).body,
    ];
    const asKey = curlAs(gateway, mine.key);
    expect((await asKey('GET /key/info')).body).toMatchObject({
      key: mine.token,
      info: { max_budget: 1 },
    });
    for (const ref of [mine.key, mine.token]) {
      expect((await asKey(`GET /key/info?key=${ref}`)).status).toBe(200);
    }
    for (const [target, body] of [
      [`GET /key/info?key=${other.token}`],
      ['GET /key/list'],
      ['POST /key/generate', {}],
      ['POST /key/update', { key: mine.key, max_budget: 1_000 }],
      ['POST /key/update', { key: mine.key, allowed_routes: [] }],
      ['POST /key/unblock', { key: mine.key }],
      [`POST /key/${mine.key}/regenerate`, {}],
      ['POST /key/delete', { keys: [other.key] }],
    ] as const) {
      const answer = await asKey(target, body);
      expect([target, answer.status, answer.body.error.type]).toEqual([target, 403, 'auth_error']);
    }
  });

  test('the master key: administers, and opens nothing of ours', async ({ curl, gateway }) => {
    expect((await curl('GET /key/list')).status).toBe(200);
    expect(await curl('GET /api/v1/keys')).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('sagewai tokens create') },
    });
    for (const wrong of [`${MASTER}x`, MASTER.slice(0, -1), MASTER.toUpperCase()]) {
      const answer = await curlAs(gateway, wrong)('GET /key/list');
      expect(answer).toMatchObject({ status: 401, body: { error: { type: 'auth_error' } } });
    }
    expect((await curlAs(gateway, null)('GET /key/list')).status).toBe(401);
  });

  test('an access token that may only read, reads', async ({ db, gateway, tenant }) => {
    const reader = curlAs(gateway, await makeToken(db, tenant, ['read']));
    expect((await reader('GET /key/list')).status).toBe(200);
    expect((await reader('POST /key/generate', {})).status).toBe(403);
  });

  test('nobody reaches the keys of another organization', async ({ curl, db, gateway, tenant }) => {
    const { key, token } = (await curl('POST /key/generate', { key_alias: 'theirs' })).body;
    const stranger = await makeTenant(db);
    const other = curlAs(gateway, await makeToken(db, stranger, ['admin']));
    for (const ref of [key, token]) {
      expect((await other(`GET /key/info?key=${ref}`)).status).toBe(404);
      expect((await other('POST /key/delete', { keys: [ref] })).status).toBe(404);
      expect((await other('POST /key/update', { key: ref, max_budget: 9 })).status).toBe(404);
    }
    expect((await other('POST /key/delete', { key_aliases: ['theirs'] })).status).toBe(404);
    // With two organizations the master key has to say which.
    expect((await curl('GET /key/list')).status).toBe(400);
    const named = await curl('GET /key/list', undefined, { 'x-organization': tenant.orgId });
    expect(named.body.total_count).toBe(1);
  });
});

describe('a key', () => {
  test('is updated, blocked, unblocked, regenerated and deleted, at once everywhere', async ({
    curl,
    db,
    gateway,
  }) => {
    const other = await startGateway(db, {});
    try {
      const made = (await curl('POST /key/generate', { max_budget: 5, budget_duration: '7d' }))
        .body;
      const calls = async (key: string) => [
        (await gateway.chat(key, ask)).status,
        (await other.chat(key, ask)).status,
      ];
      const until = (key: string, expected: readonly number[]) =>
        expect.poll(() => calls(key), { timeout: 3_000, interval: 50 }).toEqual(expected);
      await until(made.key, [200, 200]);
      const updated = await curl('POST /key/update', {
        key: made.key,
        max_budget: 7,
        metadata: { a: 1 },
      });
      expect(updated.body).toMatchObject({
        key: made.key,
        max_budget: 7,
        budget_duration: '7d',
        metadata: { a: 1 },
      });
      expect((await curl('POST /key/block', { key: made.token })).body.blocked).toBe(true);
      expect((await gateway.chat(made.key, ask)).status).toBe(401);
      await until(made.key, [401, 401]);
      expect((await curl('POST /key/unblock', { key: made.key })).body.blocked).toBe(false);
      await until(made.key, [200, 200]);
      const renewed = await curl(`POST /key/${made.token}/regenerate`, { rpm_limit: 1_000 });
      expect(renewed.body).toMatchObject({ max_budget: 7, rpm_limit: 1_000 });
      expect(renewed.body.token).not.toBe(made.token);
      const againMs = Date.now();
      await until(made.key, [401, 401]);
      expect(Date.now() - againMs).toBeLessThan(1_500);
      await until(renewed.body.key, [200, 200]);
      const gone = await curl('POST /key/delete', { keys: [renewed.body.key] });
      expect(gone.body).toEqual({ deleted_keys: [renewed.body.key] });
      expect((await gateway.chat(renewed.body.key, ask)).status).toBe(401);
      await until(renewed.body.key, [401, 401]);
      expect((await curl(`GET /key/info?key=${renewed.body.key}`)).status).toBe(404);
    } finally {
      await other.close();
    }
  });

  test('with several budgets shows each, and is stopped by the first', async ({
    curl,
    gateway,
  }) => {
    const { key } = (
      await curl('POST /key/generate', {
        budget_limits: [
          { budget_duration: '24h', max_budget: 0 },
          { budget_duration: '30d', max_budget: 100 },
        ],
      })
    ).body;
    const { info } = (await curl(`GET /key/info?key=${key}`)).body;
    expect(info).toMatchObject({
      max_budget: 100,
      budget_duration: '30d',
      budget_limits: [
        { budget_duration: '24h', max_budget: 0, spend: 0 },
        { budget_duration: '30d', max_budget: 100, spend: 0 },
      ],
    });
    const refused = await gateway.chat(key, ask);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      error: { type: 'budget_exceeded', code: '429', message: expect.stringContaining('Budget') },
    });
  });

  test('has its aliases, tags and limits in each call', async ({ curl, gateway, owner }) => {
    const { key } = (
      await curl('POST /key/generate', {
        aliases: { 'gpt-4': 'simulated' },
        models: ['simulated'],
        tags: ['ci', 'nightly'],
        user_id: 'ada',
        max_budget: 1.5,
        budget_duration: '7d',
        rpm_limit: 100,
      })
    ).body;
    const answer = await gateway.chat(key, { ...ask, model: 'gpt-4' });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-litellm-key-max-budget': '1.5',
      'x-litellm-key-spend': '0',
      'x-litellm-key-rpm-limit': '100',
      'x-ratelimit-limit-requests': '100',
      'x-ratelimit-remaining-requests': '100',
      'x-litellm-model-group': 'simulated',
      'x-litellm-model-id': 'simulated',
      'x-litellm-call-id': expect.any(String),
      'x-litellm-response-cost': expect.any(String),
    });
    expect((await gateway.chat(key, { ...ask, model: 'gpt-5' })).status).toBe(404);
    const { rows } = await sql`
      select model, tags, person_id as person, team_id as team from spend
    `.execute(owner);
    expect(rows).toEqual([
      { model: 'simulated', tags: ['ci', 'nightly'], person: 'ada', team: null },
    ]);
    const cost = Number(answer.headers.get('x-litellm-response-cost'));
    expect((await curl(`GET /key/info?key=${key}`)).body.info.spend).toBe(cost);
    // What is used is that of the last look-up of the key, a second ago at most.
    const usedLater = async (): Promise<boolean> => {
      const { headers } = await gateway.chat(key, { ...ask, model: 'gpt-4' });
      const left = Number(headers.get('x-ratelimit-remaining-requests'));
      return left < 100 && Number(headers.get('x-litellm-key-spend')) > 0;
    };
    await expect.poll(usedLater, { timeout: 10_000, interval: 300 }).toBe(true);
  });

  test('may call the routes it is allowed, and no others', async ({ curl, gateway }) => {
    const chat = (await curl('POST /key/generate', { allowed_routes: ['/chat/completions'] })).body;
    expect((await gateway.chat(chat.key, ask)).status).toBe(200);
    const refused = await curlAs(gateway, chat.key)('GET /v1/models');
    expect(refused.status).toBe(403);
    expect(refused.body.error.message).toContain('allowed_routes');
    const reads = (await curl('POST /key/generate', { key_type: 'read_only' })).body;
    expect((await gateway.chat(reads.key, ask)).status).toBe(403);
    expect((await curlAs(gateway, reads.key)('GET /v1/models')).status).toBe(200);
  });

  test('is listed by page, and without a name all of them are told', async ({ curl }) => {
    const made = [];
    for (let n = 0; n < 3; n++) made.push((await curl('POST /key/generate', {})).body);
    const first = await curl('GET /key/list?page=1&size=2');
    expect(first.body).toEqual({
      keys: [made[2].token, made[1].token],
      total_count: 3,
      current_page: 1,
      total_pages: 2,
    });
    const full = await curl('GET /key/list?page=2&size=2&return_full_object=true');
    expect(full.body.keys).toMatchObject([{ token: made[0].token, spend: 0 }]);
    expect((await curl('GET /key/info')).body.keys).toHaveLength(3);
    const found = await curl(`GET /key/list?key_hash=${made[1].token}`);
    expect(found.body.keys).toEqual([made[1].token]);
  });
});

test('keys are found by page and by what they belong to, teams and people by their names', async ({
  curl,
  db,
  tenant,
}) => {
  const { orgId } = tenant;
  for (const alias of ['a', 'b']) await curl('POST /key/generate', { key_alias: alias });
  await curl('POST /key/generate', { user_id: 'ada' });
  await inTenant(db, [orgId], async (tx) => {
    const page = { offset: 1, limit: 1 };
    const count = async (filter: object) =>
      (await pageKeys(tx, { orgId, projectId: null, ...filter }, page)).total;
    expect(await count({})).toBe(3);
    expect(await count({ name: 'a' })).toBe(1);
    expect(await count({ personId: 'ada' })).toBe(1);
    expect(await count({ teamId: 'blue' })).toBe(0);
    expect(await admitPerson(tx, { orgId, id: 'ada', by: 'test' })).toBe('known');
    expect(await findTeam(tx, { orgId, id: 'blue' })).toBeNull();
  });
});

test('what keys have spent, and their hashes, are read together', async ({ db, tenant }) => {
  const { orgId } = tenant;
  await inTenant(db, [orgId], async (tx) => {
    expect(await sumSpendByScope(tx, { orgId, kind: 'team', ids: ['a'] })).toEqual(new Map());
    expect(await sumSpendByScope(tx, { orgId, kind: 'key', ids: [] })).toEqual(new Map());
    expect(await listHashes(tx, { kind: 'key', ids: [] })).toEqual(new Map());
  });
});
