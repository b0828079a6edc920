import { createHash, randomUUID } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { canonicalBatch, type KeyId, routedCallRecord } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { reserveAll, settleAll } from './calls.sql.ts';
import { createLedger } from './create-ledger.ts';
import { type Account, callOf, limit, settlementOf } from './fixture.sql.ts';
import type { RoutingNote } from './routing-decision.ts';
import { listRoutingDecisions, type RoutingFilter } from './routing-decisions.sql.ts';
import { bookLate } from './shares/shares.sql.ts';

const CENT = 10_000_000_000n;
const TRACE = 'a'.repeat(32);

const note = (of: Partial<RoutingNote> = {}): RoutingNote => ({
  fallbackIndex: 0,
  failedAttempts: 1,
  traceId: TRACE,
  decision: '{"rules": ["retry"],  "score": 1.0}',
  ...of,
});

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const listed = (db: Db, filter: RoutingFilter, after?: string, limitRows = 100) =>
  inTenant(db, [filter.orgId], (tx) =>
    listRoutingDecisions(tx, filter, { after, limit: limitRows }),
  );

async function auditOf(owner: Db, { orgId }: Account): Promise<[string, unknown][]> {
  const { rows } = await sql<{ action: string; details: string }>`
    select action, details from audit_entry where org_id = ${orgId} order by seq
  `.execute(owner);
  return rows.map(({ action, details }) => [action, JSON.parse(details) as unknown]);
}

describe('how a call found its way', () => {
  test('is kept with its spend row, to the letter, and the audit log has its digest (T6)', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    const [noted, plain] = [callOf(account, CENT), callOf(account, CENT)];
    await reserveAll(db, [noted, plain]);
    const settlements = [
      settlementOf(noted, { routing: note(), deployment: 'second', provider: 'openai' }),
      settlementOf(plain),
    ];
    await settleAll(db, settlements);
    const [kept, ...more] = await listed(db, { orgId: account.orgId });
    expect(more).toEqual([]);
    expect(kept).toMatchObject({
      id: noted.id,
      projectId: account.projectId,
      keyId: account.keyId,
      model: 'gpt-4o',
      deployment: 'second',
      provider: 'openai',
      failedAttempts: 1,
      traceId: TRACE,
      decision: note().decision,
    });
    const record = routedCallRecord({ id: noted.id, decision: note().decision });
    const digest = createHash('sha256')
      .update(canonicalBatch([record]))
      .digest('hex');
    expect(await auditOf(owner, account)).toEqual([
      ['call.settled', expect.objectContaining({ count: 2 })],
      ['call.routed', { kind: 'call.routed', count: 1, ids: noted.id, digest }],
    ]);
  });

  test('is kept once, whatever is settled again, and nobody can change it', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    const call = callOf(account, CENT);
    await reserveAll(db, [call]);
    await settleAll(db, [settlementOf(call, { routing: note() })]);
    await settleAll(db, [settlementOf(call, { routing: note({ decision: '{"forged":1}' }) })]);
    const [kept] = await listed(db, { orgId: account.orgId });
    expect(kept?.decision).toBe(note().decision);
    expect((await auditOf(owner, account)).map(([action]) => action)).toEqual([
      'call.settled',
      'call.routed',
    ]);
    for (const change of [
      sql`update routing_decision set fallback_index = 9`,
      sql`delete from routing_decision`,
    ]) {
      await expect(inTenant(db, [account.orgId], (tx) => change.execute(tx))).rejects.toThrow(
        /permission denied/,
      );
    }
  });

  test('is not kept for a call that was not booked', async ({ db }) => {
    const account = await openAccount(db);
    await settleAll(db, [settlementOf(callOf(account, CENT), { routing: note() })]);
    expect(await listed(db, { orgId: account.orgId })).toEqual([]);
  });

  test('costs no statement of its own, also for calls that are admitted from shares', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', { usdPerDay: 10_000n * CENT });
    const ledger = createLedger({
      db,
      log: silentLog,
      metrics: createMetrics(),
      shares: { listenUrl: null, callsASecondMin: 2, idleMs: 60_000, keepUpEveryMs: 60_000 },
    });
    try {
      const statements: [number, number][] = [];
      for (let calls = 0; calls < 60; calls += 1) {
        const call = callOf(account, CENT);
        const before = db.statementCount();
        await ledger.reserve(call);
        const between = db.statementCount();
        await ledger.settle(settlementOf(call, { routing: note() }));
        statements.push([between - before, db.statementCount() - between]);
      }
      // Admitted from a share: no statement to reserve it, and one to book and to note it.
      expect(statements).toContainEqual([0, 1]);
      expect(await listed(db, { orgId: account.orgId })).toHaveLength(60);
    } finally {
      await ledger.close();
    }
  });

  test('is kept too for a call whose holding is gone', async ({ db }) => {
    const account = await openAccount(db);
    const request = callOf(account, CENT);
    const holding = { id: randomUUID(), orgId: account.orgId };
    const day = `${new Date().toISOString().slice(0, 10)} 00:00:00+00`;
    const call = { request, holding, day, amountPusd: CENT, needs: [CENT, 1, 1] };
    const settlement = settlementOf(request, { routing: note() });
    await bookLate(db, [{ call, settlement, elapsedMs: 5 } as never]);
    expect(await listed(db, { orgId: account.orgId })).toMatchObject([{ id: request.id }]);
  });
});

test('decisions are found by what they were about, newest first, in pages, within the organization', async ({
  db,
}) => {
  const account = await openAccount(db);
  const stranger = await openAccount(db);
  const calls = Array.from({ length: 4 }, (_, index) =>
    callOf(index === 3 ? stranger : account, CENT, { model: index === 0 ? 'a' : 'b' }),
  );
  await reserveAll(db, calls);
  await settleAll(
    db,
    calls.map((call, index) =>
      settlementOf(call, {
        deployment: `d${index}`,
        routing: note({ fallbackIndex: index, traceId: index === 2 ? TRACE : null }),
      }),
    ),
  );
  const { orgId } = account;
  const [first, second, third] = calls.map(({ id }) => id);
  const idsOf = async (filter: Partial<RoutingFilter>): Promise<string[]> =>
    (await listed(db, { orgId, ...filter })).map(({ id }) => id);
  expect(await idsOf({})).toEqual([third, second, first]);
  expect(await idsOf({ model: 'a' })).toEqual([first]);
  expect(await idsOf({ deployment: 'd1' })).toEqual([second]);
  expect(await idsOf({ fellBack: true })).toEqual([third, second]);
  expect(await idsOf({ fellBack: false })).toEqual([first]);
  expect(await idsOf({ traceId: TRACE })).toEqual([third]);
  expect(await idsOf({ id: second })).toEqual([second]);
  expect(await idsOf({ keyId: stranger.keyId })).toEqual([]);
  expect(await idsOf({ projectId: account.projectId })).toHaveLength(3);
  expect(await idsOf({ since: '2999-01-01T00:00:00Z' })).toEqual([]);
  expect(await idsOf({ until: '2999-01-01T00:00:00Z' })).toHaveLength(3);
  const page = await listed(db, { orgId }, second, 5);
  expect(page.map(({ id }) => id)).toEqual([first]);
  expect(await listed(db, { orgId, runId: randomUUID() })).toEqual([]);
});
