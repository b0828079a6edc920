import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import {
  type App,
  createApp,
  createAuthenticator,
  type CredentialReader,
  type Scope,
} from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import { createAuditor } from '@sagewai/trust';
import type { KeyId } from '@sagewai/wire';
import { describe, expect, vi } from 'vitest';

import { reserveAll, settleAll } from './calls.sql.ts';
import { type Account, callOf, limit, settlementOf } from './fixture.sql.ts';
import { foldSpend } from './rollups.sql.ts';
import { ledgerRoutes } from './routes.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Fixtures {
  readonly app: App;
  readonly acme: Tenant;
  readonly account: Account;
  /** As a token of acme with a scope: `read`, `admin`, or `bound` to its project. */
  readonly call: (who: string, target: string, body?: object) => Promise<Answer>;
  /** What a GET answers, as it is. */
  readonly text: (who: string, url: string) => Promise<string>;
}

const readerOf = ({ orgId, projectId }: Tenant): CredentialReader => ({
  read: ({ headers }) => {
    const word = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    return {
      kind: 'token',
      id: randomUUID(),
      name: word,
      orgId,
      projectId,
      scopes: new Set<Scope>(word === 'bound' ? ['admin'] : [word as Scope]),
      detail: { boundProjectId: word === 'bound' ? projectId : null },
    };
  },
});

const test = databaseTest.extend<Fixtures>({
  acme: async ({ db }, use) => use(await makeTenant(db)),
  account: async ({ acme: { orgId, projectId } }, use) =>
    use({ orgId, projectId, keyId: randomUUID() as KeyId }),
  app: async ({ db, acme }, use) => {
    const app = createApp({
      routes: ledgerRoutes({ db }),
      authenticate: createAuthenticator([readerOf(acme)]),
      auditor: createAuditor({ db }),
      db,
      clock: systemClock,
      log: silentLog,
      metrics: createMetrics(),
    });
    await use(app);
    await app.close();
  },
  text: async ({ app }, use) =>
    use(async (who, url) => {
      const headers = { authorization: `Bearer ${who}` };
      return (await app.inject({ method: 'GET', url, headers })).payload;
    }),
  call: async ({ app }, use) =>
    use(async (who, target, body) => {
      const [method, url = ''] = target.split(' ');
      const response = await app.inject({
        method: method === 'PUT' ? 'PUT' : 'GET',
        url,
        headers: { authorization: `Bearer ${who}` },
        ...(body ? { payload: body } : {}),
      });
      return { status: response.statusCode, body: response.json() };
    }),
});

describe('budgets', () => {
  test('are set by an administrator, for a project by its name, and recorded', async ({
    call,
    acme,
    owner,
  }) => {
    const path = `/api/v1/budgets/project/${acme.projectName}`;
    const body = { usd_per_day: '30.50', tokens_per_minute: 100_000 };
    expect(await call('write', `PUT ${path}`, body)).toMatchObject({ status: 403 });
    const answer = await call('admin', `PUT ${path}`, body);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        scope_kind: 'project',
        scope_id: acme.projectId,
        usd_per_day: '30.5',
        tokens_per_minute: 100_000,
        requests_per_minute: null,
        balances: [
          { measure: 'cost', limit: '30.5', settled: '0', reserved: '0', remaining: '30.5' },
          { measure: 'tokens', period: 'minute', limit: '100000', resets_at: null },
        ],
      },
    });
    const { rows } = await sql`
      select action, subject, outcome from audit_entry where outcome = 'ok'
    `.execute(owner);
    expect(rows).toEqual([
      { action: 'ledger.setBudget', subject: `budget:project:${acme.projectId}`, outcome: 'ok' },
    ]);
    expect((await call('read', 'GET /api/v1/budgets')).body).toEqual({
      budgets: [answer.body],
      next_cursor: null,
    });
  });

  test('of strangers, and of what there is not, are not found', async ({ call, db }) => {
    const stranger = await makeTenant(db, { project: 'secret' });
    for (const scope of [
      `organization/${stranger.orgId}`,
      `project/${stranger.projectId}`,
      'project/secret',
    ]) {
      expect((await call('admin', `PUT /api/v1/budgets/${scope}`, {})).status).toBe(404);
    }
  });

  test('refuse what is no limit', async ({ call, acme }) => {
    for (const body of [
      { usd_per_day: 30 },
      { usd_per_day: '-1' },
      { usd_per_day: '1e3' },
      { tokens_per_minute: 1.5 },
      { tokens_per_day: 5 },
    ]) {
      const path = `/api/v1/budgets/organization/${acme.orgId}`;
      expect((await call('admin', `PUT ${path}`, body)).status).toBe(400);
    }
  });

  test('of a token’s project are all that a bound token sees and changes', async ({
    call,
    acme,
    db,
    account,
  }) => {
    await limit(db, account, 'organization', { usdPerDay: 1n });
    await limit(db, account, 'project', { usdPerDay: 2n });
    expect((await call('bound', 'GET /api/v1/budgets')).body['budgets']).toMatchObject([
      { scope_kind: 'project', scope_id: acme.projectId },
    ]);
    const path = `/api/v1/budgets/organization/${acme.orgId}`;
    expect((await call('bound', `PUT ${path}`, {})).status).toBe(404);
  });
});

describe('spend', () => {
  test('is listed newest first, in pages, with the totals of what matches', async ({
    call,
    db,
    account,
  }) => {
    const calls = [1n, 2n, 3n].map((cost) => callOf(account, cost * 10n ** 12n));
    const other = callOf({ ...account, keyId: randomUUID() as KeyId }, 5n, { price: null });
    await reserveAll(db, [...calls, other]);
    await settleAll(db, [
      ...calls.map((each) => settlementOf(each)),
      settlementOf(other, { costPusd: null }),
    ]);

    const path = `GET /api/v1/spend?key_id=${account.keyId}&limit=2`;
    const first = await call('read', path);
    expect(first).toMatchObject({
      status: 200,
      body: {
        spend: [
          { id: calls[2]?.id, kind: 'settlement', cost_usd: '3', reserved_usd: '3', status: 'ok' },
          { id: calls[1]?.id, cost_usd: '2' },
        ],
        totals: { calls: 3, cost_usd: '6', output_tokens: 3, unpriced_calls: 0 },
      },
    });
    const cursor = String(first.body['next_cursor']);
    expect((await call('read', `${path}&cursor=${cursor}`)).body).toMatchObject({
      spend: [{ id: calls[0]?.id }],
      next_cursor: null,
      totals: null,
    });
    expect((await call('read', 'GET /api/v1/spend?limit=1')).body).toMatchObject({
      spend: [{ id: other.id, cost_usd: null }],
      totals: { calls: 4, cost_usd: '6', unpriced_calls: 1 },
    });
    const nothing = await call('read', 'GET /api/v1/spend?since=2100-01-01T00:00:00Z');
    expect(nothing.body).toMatchObject({ spend: [], totals: { calls: 0, cost_usd: '0' } });
  });

  test('is summed up by what is asked for, and a bound token sees its own project', async ({
    call,
    db,
    account,
  }) => {
    const mine = callOf(account, 10n ** 12n + 1n, { tags: ['t'], sessionId: 's', agent: 'a' });
    const foreign = callOf({ ...account, projectId: randomUUID() } as unknown as Account, 5n);
    await reserveAll(db, [mine, foreign]);
    await settleAll(db, [settlementOf(mine), settlementOf(foreign)]);

    const path = 'GET /api/v1/spend/report';
    const sums = { calls: 2, failed_calls: 0, unpriced_calls: 0, cost_usd: '1.000000000006' };
    expect(await call('read', path)).toMatchObject({
      status: 200,
      body: { groups: [{ model: 'gpt-4o', day: null, ...sums }], totals: sums, next_cursor: null },
    });
    const byProject = await call('read', `${path}?group_by=project,key&limit=1`);
    expect(byProject.body).toMatchObject({
      groups: [
        { project_id: account.projectId, key_id: account.keyId, cost_usd: '1.000000000001' },
      ],
      next_cursor: '1',
    });
    const rest = await call('read', `${path}?group_by=project,key&limit=1&cursor=1`);
    expect(rest.body).toMatchObject({
      groups: [{ cost_usd: '0.000000000005' }],
      next_cursor: null,
    });
    expect((await call('bound', `${path}?group_by=tag`)).body).toMatchObject({
      groups: [{ tag: 't', cost_usd: '1.000000000001' }],
    });
    expect((await call('bound', path)).body).toMatchObject({ totals: { calls: 1 } });
    expect((await call('bound', `${path}?project_id=${foreign.projectId}`)).status).toBe(404);
    expect((await call('read', `${path}?since=2100-01-01`)).body).toMatchObject({ groups: [] });
    for (const wrong of ['group_by=tag,session', 'group_by=x', 'since=yesterday', 'cursor=0']) {
      expect((await call('read', `${path}?${wrong}`)).status).toBe(400);
    }
  });

  test('is exported, a call a line, and a broken export goes on', async ({ text, db, account }) => {
    const calls = [1n, 2n, 3n].map((cost) => callOf(account, cost, { tags: ['a', 'b,c'] }));
    await reserveAll(db, calls);
    await settleAll(
      db,
      calls.map((each) => settlementOf(each)),
    );
    const ids = calls.map(({ id }) => id).toReversed();

    const lines = (await text('read', '/api/v1/spend/export')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids);
    const csv = (await text('read', '/api/v1/spend/export?format=csv&tag=a')).split('\n');
    expect(csv[0]).toMatch(/^id,kind,started_at,/);
    expect(csv.slice(1, -1).map((line) => line.split(',')[0])).toEqual(ids);
    expect(csv[1]).toContain(',"a b,c",');
    const after = await text('read', `/api/v1/spend/export?cursor=${ids[1]}.0&format=csv`);
    expect(after.split(',')[0]).toBe(ids[2]);
    expect(await text('read', '/api/v1/spend/export?tag=none')).toBe('');
  });

  test('has the same totals from sums of days and from rows', async ({ call, db, account }) => {
    const some = [1n, 2n].map((cost) => callOf(account, cost, { model: 'a' }));
    const other = callOf(account, 4n, { model: 'b', tags: ['t'] });
    await reserveAll(db, [...some, other]);
    await settleAll(
      db,
      [...some, other].map((each) => settlementOf(each)),
    );
    const totals = async (query: string) =>
      (await call('read', `GET /api/v1/spend?limit=1&${query}`)).body['totals'];
    for (const filter of ['', 'model=a', 'tag=t', `key_id=${account.keyId}`, 'model=none']) {
      const ofDays = await totals(filter);
      expect(ofDays).toEqual(await totals(`${filter}&since=2020-01-01T00:00:01Z`));
      expect(ofDays).toEqual(await totals(`${filter}&since=2020-01-01T00:00:00Z`));
    }
    expect(await totals('status=ok')).toMatchObject({ calls: 3, cost_usd: '0.000000000007' });
  });

  test('of other projects is hidden from a bound token', async ({ call, db, account }) => {
    const mine = callOf(account, 1n);
    const foreign = callOf({ ...account, projectId: randomUUID() } as unknown as Account, 1n);
    await reserveAll(db, [mine, foreign]);
    await settleAll(db, [settlementOf(mine), settlementOf(foreign)]);

    expect((await call('bound', 'GET /api/v1/spend')).body['spend']).toMatchObject([
      { id: mine.id },
    ]);
    const path = `GET /api/v1/spend?project_id=${foreign.projectId}`;
    expect((await call('bound', path)).status).toBe(404);
    expect((await call('read', path)).body['spend']).toMatchObject([{ id: foreign.id }]);
  });
});

describe('how calls found their way', () => {
  const decision = JSON.stringify({
    requested_model: 'best',
    rules: ['fallback:generic:gpt-4o'],
    strategy: 'least-busy',
    score: 2,
    candidates_refused: [{ model: 'best', deployment: 'a', because: 'cooling' }],
    attempts: [{ deployment: 'a', because: '503', call_id: null }],
  });

  test('is listed in pages, found by its call, and hidden from other projects', async ({
    call,
    db,
    account,
  }) => {
    const note = { fallbackIndex: 1, failedAttempts: 1, traceId: null, decision };
    const foreign = { ...account, projectId: randomUUID() as Account['projectId'] };
    const calls = [account, account, foreign].map((of) => callOf(of, 1n));
    await reserveAll(db, calls);
    await settleAll(
      db,
      calls.map((each) => settlementOf(each, { routing: note, deployment: 'b' })),
    );
    const path = 'GET /api/v1/routing-decisions';
    const first = await call('read', `${path}?limit=2&fell_back=true`);
    expect(first.body['decisions']).toHaveLength(2);
    const rest = await call('read', `${path}?limit=2&cursor=${String(first.body['next_cursor'])}`);
    expect(rest.body).toMatchObject({ decisions: [{ id: calls[0]?.id }], next_cursor: null });
    expect((await call('read', `${path}/${calls[1]?.id}`)).body).toMatchObject({
      requested_model: 'best',
      model: 'gpt-4o',
      deployment: 'b',
      rules: ['fallback:generic:gpt-4o'],
      strategy: 'least-busy',
      score: 2,
      fallback_index: 1,
      candidates_refused: [{ deployment: 'a', because: 'cooling' }],
      attempts: [{ because: '503', call_id: null }],
    });
    expect((await call('bound', path)).body['decisions']).toHaveLength(2);
    expect((await call('bound', `${path}/${calls[2]?.id}`)).status).toBe(404);
    expect((await call('bound', `${path}?project_id=${foreign.projectId}`)).status).toBe(404);
    expect((await call('read', `${path}?cursor=x`)).status).toBe(400);
  });
});

describe('simulations and verification', () => {
  test('of a scope that is seen, with a limit, are told; a bound token sees its project', async ({
    call,
    account,
    acme,
    db,
  }) => {
    const calls = [callOf(account, 3n), callOf(account, 4n)];
    for (const each of calls) {
      await reserveAll(db, [each]);
      await settleAll(db, [settlementOf(each)]);
    }
    const path = 'GET /api/v1/budgets/simulation';
    const project = `${path}?scope_kind=project&scope_id=${acme.projectName}`;
    const limit = 'usd_per_day=0.000000000005';
    for (const who of ['read', 'bound']) {
      expect(await call(who, `${project}&${limit}`)).toMatchObject({
        status: 200,
        body: {
          scope_id: acme.projectId,
          calls: 2,
          refused_calls: 1,
          refused_usd: '0.000000000004',
          by_key_and_model: [{ key_id: account.keyId, model: 'gpt-4o', refused_calls: 1 }],
          is_whole: true,
        },
      });
    }
    expect((await call('read', project)).status).toBe(400);
    const all = `${path}?scope_kind=organization&scope_id=${acme.orgId}&${limit}`;
    expect((await call('read', all)).body).toMatchObject({ calls: 2 });
    expect((await call('bound', all)).status).toBe(404);
    expect((await call('bound', 'GET /api/v1/spend/verification')).status).toBe(404);
    const stranger = await makeTenant(db, { project: 'secret' });
    for (const scope of [
      `organization&scope_id=${stranger.orgId}`,
      'project&scope_id=secret',
      'key&scope_id=no-id',
    ]) {
      expect((await call('read', `${path}?scope_kind=${scope}&${limit}`)).status).toBe(404);
    }
  });

  test('name each balance and each sum that is not that of its rows, to the pico-dollar', async ({
    call,
    account,
    db,
    owner,
  }) => {
    const path = 'GET /api/v1/spend/verification';
    await limit(db, account, 'project', { usdPerDay: 1_000n });
    const [done, killed] = [callOf(account, 3n), callOf(account, 7n, { expiresInMs: 1 })];
    await reserveAll(db, [done, killed, callOf(account, 2n)]);
    await settleAll(db, [settlementOf(done)]);
    await sql`select ledger_expire(${[account.orgId]}::uuid[], 10)`.execute(owner);
    // What is newer than the oldest transaction of any database beside this one is folded later.
    await vi.waitFor(
      async () => {
        await foldSpend(db, account.orgId);
        const { rows } = await sql`select from spend_daily where kind = 'call'`.execute(owner);
        expect(rows).toHaveLength(1);
      },
      { timeout: 15_000, interval: 20 },
    );
    expect((await call('read', path)).body).toMatchObject({
      is_right: true,
      sums_compared: true,
      rows: 2,
      entries: {
        settled: { calls: 1, usd: '0.000000000003' },
        // What a killed process had reserved: booked in full, and named.
        expired: { calls: 1, usd: '0.000000000007', ids: [killed.id] },
        reserved: { calls: 1, usd: '0.000000000002' },
        corrected: { calls: 0 },
      },
    });
    await settleAll(db, [settlementOf(killed, { costPusd: 5n })]);
    expect((await call('read', path)).body).toMatchObject({
      is_right: true,
      entries: { corrected: { calls: 1, usd: '-0.000000000002' } },
    });

    await sql`update budget set settled = settled + 1 where measure = 'cost'`.execute(owner);
    await sql`update spend_daily set cost_pusd = cost_pusd + 1 where kind = 'call'`.execute(owner);
    expect((await call('read', path)).body).toMatchObject({
      is_right: false,
      balances: [
        {
          scope_kind: 'project',
          period: 'day',
          settled: { told: '0.000000000009', derived: '0.000000000008' },
          reserved: { told: '0.000000000002', derived: '0.000000000002' },
        },
      ],
      sums: [{ kind: 'call', cost_usd: { told: '0.000000000009', derived: '0.000000000008' } }],
    });
  });

  test('a price that changes rewrites nothing that is booked', async ({ call, account, db }) => {
    await limit(db, account, 'project', { usdPerDay: 1_000n });
    const before = callOf(account, 3n);
    await reserveAll(db, [before]);
    const dearer = { ...settlementOf(before), costPusd: 3n };
    await settleAll(db, [dearer]);
    // The same call told once more at another price, and the next one at that price.
    await settleAll(db, [{ ...dearer, costPusd: 300n }]);
    const after = callOf(account, 300n);
    await reserveAll(db, [after]);
    await settleAll(db, [settlementOf(after)]);
    expect((await call('read', 'GET /api/v1/spend')).body).toMatchObject({
      spend: [{ cost_usd: '0.0000000003' }, { cost_usd: '0.000000000003' }],
    });
    expect((await call('read', 'GET /api/v1/spend/verification')).body).toMatchObject({
      is_right: true,
      entries: { settled: { calls: 2, usd: '0.000000000303' } },
    });
  });
});
