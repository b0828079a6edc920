import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { UNLIMITED } from '../budget.ts';
import { setBudgets } from '../budgets.sql.ts';
import { reserveAll, settleAll } from '../calls.sql.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger } from '../create-ledger.ts';
import { type Account, callOf, setClock, settlementOf, stopClock } from '../fixture.sql.ts';
import { contextId, type ContextLimits } from './context.ts';
import { dropIdleContexts, keepContext } from './contexts.sql.ts';
import { createContexts } from './create-contexts.ts';

const test = databaseTest;

async function makeAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const limits: ContextLimits = { tokensPerMinute: 1_000n, requestsPerMinute: 10n, usdPerDay: 100n };
const contextsOf = (db: Db) => createContexts({ db, nowMs: () => performance.now() });

describe('a context', () => {
  test('is one window for all that bring the same, on any number of replicas, and never exceeded (X1)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    const parts = { db, log: silentLog, clock: systemClock };
    const shares = { listenUrl: null, callsASecondMin: 1 };
    const replicas = [0, 1, 2].map(() =>
      createLedger({ ...parts, metrics: createMetrics(), shares }),
    );
    const decided = await Promise.all(
      replicas.flatMap((ledger) =>
        Array.from({ length: 8 }, async () => {
          const call = callOf(account, 5n, { contexts: [limits] });
          const reserved = await ledger.reserve(call);
          if (reserved.kind === 'reserved') await ledger.settle(settlementOf(call));
          return reserved.kind === 'reserved'
            ? 'reserved'
            : `${reserved.because} ${reserved.scope.kind}`;
        }),
      ),
    );
    // Ten requests a minute, of twenty-four; each replica has kept the context by itself.
    expect(decided.filter((kind) => kind === 'reserved')).toHaveLength(10);
    expect(new Set(decided)).toEqual(new Set(['reserved', 'requests context']));
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    await Promise.all(replicas.map((ledger) => ledger.close()));
  });

  test('slides: what was taken in any sixty seconds is never more than its limit (X1, B1)', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-01-31T12:00:30Z');
    const account = await makeAccount(db);
    const ids = await contextsOf(db).keep(account, [limits]);
    const reserve = async (): Promise<string> => {
      const [decision] = await reserveAll(db, [callOf(account, 0n, { contextIds: ids })]);
      return decision?.kind ?? '';
    };
    for (let n = 0; n < 10; n++) expect(await reserve()).toBe('reserved');
    // A fixed minute would be empty again at 12:01.
    await setClock(owner, '2026-01-31T12:01:29Z');
    expect(await reserve()).toBe('refused');
    await setClock(owner, '2026-01-31T12:01:31Z');
    expect(await reserve()).toBe('reserved');
  });

  test('in another one counts in both, and calls without one in neither', async ({ db }) => {
    const account = await makeAccount(db);
    const narrow = { ...limits, usdPerDay: 10n };
    const contexts = contextsOf(db);
    const both = await contexts.keep(account, [limits, narrow]);
    const spend = async (cost: bigint, ids?: readonly string[]) => {
      const call = callOf(account, cost, ids ? { contextIds: ids } : {});
      const [decision] = await reserveAll(db, [call]);
      if (decision?.kind !== 'reserved') return decision;
      await settleAll(db, [settlementOf(call)]);
      return decision;
    };
    expect(await spend(1_000n)).toMatchObject({ kind: 'reserved' });
    expect(await spend(10n, both)).toMatchObject({ kind: 'reserved' });
    expect(await spend(1n, both)).toMatchObject({ kind: 'refused', scope: { id: both[1] } });
    const outer = await contexts.keep(account, [limits]);
    expect(await spend(91n, outer)).toMatchObject({ kind: 'refused', used: 10n, limit: 100n });
    expect(await spend(90n, outer)).toMatchObject({ kind: 'reserved' });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('in another one of the same values is one window, in which a call counts once (X2, M3)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    const ids = await contextsOf(db).keep(account, [limits, { ...limits }, limits]);
    expect(ids).toEqual([contextId(account, limits)]);
    const call = callOf(account, 60n, { contextIds: ids });
    expect(await reserveAll(db, [call])).toMatchObject([{ kind: 'reserved' }]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    await settleAll(db, [settlementOf(call)]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('holds while a call is being admitted: the next one waits for what becomes of it (M1)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    const ids = await contextsOf(db).keep(account, [{ ...limits, requestsPerMinute: 1n }]);
    const call = () => callOf(account, 1n, { contextIds: ids });
    await using first = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [call()]),
    );
    expect(first.output).toMatchObject([{ kind: 'reserved' }]);
    const second = reserveAll(db, [call()]);
    await untilWaiting(owner);
    await first.commit();
    expect(await second).toMatchObject([{ kind: 'refused', because: 'requests' }]);
  });

  test('is looked for again after a minute: one that was dropped meanwhile bounds calls again (X1)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    let nowMs = 0;
    const contexts = createContexts({ db, nowMs: () => nowMs });
    const [id = ''] = await contexts.keep(account, [limits]);
    const drop = () =>
      inTenant(db, [account.orgId], (tx) =>
        setBudgets(tx, { orgId: account.orgId, kind: 'context', id }, UNLIMITED),
      );
    const isKept = async (): Promise<boolean> => {
      const { rowCount } = await inTenant(db, [account.orgId], (tx) =>
        sql`select from budget where scope_id = ${id}`.execute(tx),
      );
      return rowCount > 0;
    };
    await drop();
    nowMs = 59_999;
    await contexts.keep(account, [limits]);
    expect(await isKept()).toBe(false);
    nowMs = 60_000;
    await contexts.keep(account, [limits]);
    expect(await isKept()).toBe(true);
  });

  test('is its project’s, and what is left of it goes when its day is over (X2)', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-01-31T12:00:00Z');
    const [account, other] = [await makeAccount(db), await makeAccount(db)];
    expect(contextId(account, limits)).not.toBe(contextId(other, limits));
    const keep = (of: ContextLimits, max: number) =>
      keepContext(db, account, { id: contextId(account, of), limits: of, max });
    expect(await keep(limits, 1)).toBe(true);
    expect(await keep(limits, 1)).toBe(true);
    const second = { ...limits, usdPerDay: 1n };
    expect(await keep(second, 1)).toBe(false);
    expect(await dropIdleContexts(db, account)).toBe(0);
    // What is under way for days, as a batch may be, keeps its context.
    const call = callOf(account, 1n, { contextIds: [contextId(account, limits)] });
    await reserveAll(db, [call]);
    await setClock(owner, '2026-02-02T00:00:00Z');
    expect(await dropIdleContexts(db, account)).toBe(0);
    await settleAll(db, [settlementOf(call)]);
    await setClock(owner, '2026-02-04T00:00:00Z');
    expect(await dropIdleContexts(db, account)).toBe(1);
    expect(await keep(second, 1)).toBe(true);
    const { rows } = await inTenant(db, [account.orgId], (tx) =>
      sql`select measure, period from budget where scope_kind = 'context' order by 1`.execute(tx),
    );
    expect(rows).toEqual([
      { measure: 'cost', period: 'day' },
      { measure: 'requests', period: 'minute' },
      { measure: 'tokens', period: 'minute' },
    ]);
  });
});
