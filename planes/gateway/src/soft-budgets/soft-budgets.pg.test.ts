import { setBudgets, UNLIMITED } from '@sagewai/ledger';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, makeTenant, type Tenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { fileWorldTest } from '../faults/file-world-fixture.ts';
import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, FAST_ROUTING, makeKey, type RunningGateway } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { answer, ask } from '../routing/routing-fixture.ts';
import { limitSoftly } from './fixture.sql.ts';

const free = flatPrice(ratesOf({ input: 0n, output: 0n }));

interface World {
  readonly gateway: RunningGateway;
  /** Of one agent, whose calls go to `large` unless it says otherwise. */
  readonly callAs: (key: string, agent: string, model?: string) => Promise<Response>;
}

const test = fileWorldTest.extend<World>({
  gateway: [
    async ({ start, upstream, second }, use) => {
      upstream.answer = (_, reply) => answer(reply, 200);
      second.answer = (_, reply) => answer(reply, 503);
      const at = (url: string, id: string) =>
        deploymentAt(url, { id, model: id, upstreamModel: id });
      await use(
        await start({
          deployments: [
            at(upstream.url, 'large'),
            at(upstream.url, 'small'),
            at(second.url, 'broken'),
            { ...at(upstream.url, 'local'), price: free },
          ],
          routing: {
            ...FAST_ROUTING,
            cooldownMs: 0,
            retry: { ...FAST_ROUTING.retry, retries: 0 },
            fallbacks: { ...NO_FALLBACKS, generic: new Map([['broken', ['large', 'local']]]) },
          },
          soft: { refreshMs: 1, ageMsMax: 1 },
        }),
      );
    },
    { scope: 'file' },
  ],
  callAs: [
    async ({ gateway }, use) =>
      use((key, agent, model = 'large') =>
        gateway.post(
          '/v1/chat/completions',
          { ...ask, model },
          { authorization: `Bearer ${key}`, 'x-sagewai-agent': agent },
        ),
      ),
    { scope: 'file' },
  ],
});

/** A project where each agent may spend nothing, softly, and has spent a cent elsewhere. */
async function overspent(
  db: Db,
  gateway: RunningGateway,
  limits: readonly Parameters<typeof limitSoftly>[2][],
): Promise<{ readonly tenant: Tenant; readonly key: string }> {
  const tenant = await makeTenant(db);
  const key = (await makeKey(db, tenant)).value;
  for (const limit of limits) {
    await limitSoftly(db, tenant, limit);
    const spent = { agent_name: limit.agent, cost_usd: '0.01' };
    const booked = await gateway.post('/api/v1/budget/spend', spent, {
      authorization: `Bearer ${key}`,
    });
    expect(booked.status).toBe(200);
  }
  return { tenant, key };
}

const askedModels = (asked: readonly { readonly body: Buffer | string }[]): unknown[] =>
  asked.map(({ body }) => (JSON.parse(String(body)) as { model: unknown }).model);

describe('a call of an agent that is over its soft limit', () => {
  test('goes on with a header where it is warned', async ({ db, gateway, callAs }) => {
    const { key } = await overspent(db, gateway, [{ agent: 'warned', action: 'warn' }]);
    const warned = await callAs(key, 'warned');
    expect([warned.status, warned.headers.get('x-sagewai-budget')]).toEqual([
      200,
      'warn; Daily budget exceeded: $0.0100 > $0.0000',
    ]);
    const other = await callAs(key, 'other');
    expect([other.status, other.headers.get('x-sagewai-budget')]).toEqual([200, null]);
    expect(await gateway.metrics()).toContain(
      'sagewai_soft_budget_exceeded_calls_total{action="warn"} 1',
    );
  });

  test('goes nowhere where it is stopped: nothing is reserved or sent', async ({
    db,
    gateway,
    callAs,
    upstream,
    owner,
  }) => {
    const { key, tenant } = await overspent(db, gateway, [{ agent: 'stopped', action: 'stop' }]);
    const before = upstream.asked.length;
    const stopped = await callAs(key, 'stopped');
    expect([stopped.status, await stopped.json()]).toMatchObject([
      429,
      {
        error: {
          type: 'budget_exceeded',
          message: expect.stringContaining('Daily budget exceeded: $0.0100 > $0.0000'),
        },
      },
    ]);
    expect(upstream.asked).toHaveLength(before);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
    expect((await callAs(key, 'other')).status).toBe(200);
  });

  test('goes to the next model of its chain that it may have, and says which', async ({
    db,
    gateway,
    callAs,
    upstream,
  }) => {
    const chain = ['missing', 'large', 'small', 'local'];
    const throttled = { agent: 'throttled', action: 'throttle', chain };
    const { key, tenant } = await overspent(db, gateway, [throttled]);
    const before = upstream.asked.length;
    const told = await callAs(key, 'throttled');
    expect([told.status, told.headers.get('x-sagewai-budget')]).toEqual([
      200,
      'throttle; model=small; Daily budget exceeded: $0.0100 > $0.0000',
    ]);
    const narrow = (await makeKey(db, tenant, { models: ['large', 'local'] })).value;
    expect((await callAs(narrow, 'throttled')).status).toBe(200);
    // Nothing that it may have: as warned.
    const only = (await makeKey(db, tenant, { models: ['large'] })).value;
    const alone = await callAs(only, 'throttled');
    expect([alone.status, alone.headers.get('x-sagewai-budget')]).toMatchObject([
      200,
      expect.stringMatching(/^warn; /),
    ]);
    expect(askedModels(upstream.asked.slice(before))).toEqual(['small', 'local', 'large']);
  });

  test('falls back within its chain, and not up again', async ({
    db,
    gateway,
    callAs,
    upstream,
  }) => {
    const throttled = { agent: 'throttled', action: 'throttle', chain: ['broken', 'local'] };
    const { key } = await overspent(db, gateway, [throttled]);
    const before = upstream.asked.length;
    // `broken` fails, and falls back to `large` and then `local` by configuration.
    expect((await callAs(key, 'throttled')).status).toBe(200);
    expect(askedModels(upstream.asked.slice(before))).toEqual(['local']);
  });

  test('is bound by what the whole project has spent, as severely as that says', async ({
    db,
    gateway,
    callAs,
  }) => {
    const { key } = await overspent(db, gateway, [
      { agent: 'warned', action: 'warn' },
      { agent: '*', action: 'stop' },
    ]);
    expect((await callAs(key, 'warned')).status).toBe(429);
    expect((await callAs(key, 'nobody')).status).toBe(429);
  });
});

test('a project without soft limits does not wait for those of others (F2)', async ({
  db,
  owner,
  gateway,
  callAs,
  key,
}) => {
  const { key: limited } = await overspent(db, gateway, [{ agent: 'a', action: 'stop' }]);
  expect((await callAs(key, 'a')).status).toBe(200);
  await using held = await holdTransaction(owner, [], (tx) =>
    sql`lock table soft_limit in access exclusive mode`.execute(tx),
  );
  const waiting = callAs(limited, 'a');
  expect((await callAs(key, 'a')).status).toBe(200);
  await held.rollback();
  expect((await waiting).status).toBe(429);
});

test('engineering at $0 a day runs on a free model, and a priced one is refused (M1)', async ({
  db,
  callAs,
  owner,
}) => {
  const tenant = await makeTenant(db, { project: 'engineering' });
  const { orgId, projectId } = tenant;
  await inTenant(db, [orgId], (tx) =>
    setBudgets(tx, { orgId, kind: 'project', id: projectId }, { ...UNLIMITED, usdPerDay: 0n }),
  );
  const key = (await makeKey(db, tenant)).value;
  expect((await callAs(key, 'coder', 'local')).status).toBe(200);
  const priced = await callAs(key, 'coder', 'large');
  expect([priced.status, await priced.json()]).toMatchObject([
    429,
    { error: { type: 'budget_exceeded' } },
  ]);
  expect(await wholeSpendOf(owner, orgId)).toMatchObject([{ cost: 0n, deployment: 'local' }]);
});
