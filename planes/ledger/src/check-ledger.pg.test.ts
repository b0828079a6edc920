import { randomUUID } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId, ReservationId } from '@sagewai/wire';
import { expect } from 'vitest';

import { reserveAll, settleAll } from './calls.sql.ts';
import {
  checkLedger,
  countBudgetsLeft,
  findOrgsWithBudgets,
  dropDecisions,
  makeMonths,
} from './check-ledger.sql.ts';
import { budgetOf, callOf, limit, setClock, settlementOf, stopClock } from './fixture.sql.ts';
import { ledgerJobs } from './jobs.ts';

test('finds a balance that is not the sum of its rows (B4)', async ({ db, dispatch, owner }) => {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'project', { usdPerDay: 9n, tokensPerMinute: 99n });
  await reserveAll(db, [callOf(account, 5n)]);
  expect(await findOrgsWithBudgets(dispatch)).toEqual([orgId]);
  expect(await checkLedger(db, [orgId])).toEqual([]);

  await sql`update budget set reserved = 4 where measure = 'cost'`.execute(owner);
  expect(await checkLedger(db, [orgId])).toMatchObject([
    { scopeKind: 'project', measure: 'cost', kept: { reserved: 4n }, derived: { reserved: 5n } },
  ]);
  await sql`update budget set reserved = 5 where measure = 'cost'`.execute(owner);
  await sql`update budget set slots[3] = slots[3] + 1 where measure = 'tokens'`.execute(owner);
  expect(await checkLedger(db, [orgId])).toMatchObject([{ measure: 'tokens' }]);
  await sql`delete from reservation`.execute(owner);
  expect(await checkLedger(db, [orgId])).toHaveLength(2);
});

test('makes the months that are missing, once', async ({ dispatch, owner }) => {
  await stopClock(owner, '2026-11-21T10:00:00Z');
  expect(await makeMonths(dispatch, 6)).toBe(0);
  await sql`drop table spend_202701`.execute(owner);
  expect(await makeMonths(dispatch, 6)).toBe(1);
  expect(await makeMonths(dispatch, 6)).toBe(0);
});

test('drops routing decisions by the month, and none that may be asked for', async ({
  db,
  dispatch,
  owner,
}) => {
  const DAY_MS = 86_400_000;
  const { orgId, projectId } = await makeTenant(db);
  await stopClock(owner, '2026-11-21T10:00:00Z');
  // Of 20 October (its month is not there, so in the rest), of 10 November and of 20 December.
  const days = ['2026-10-20', '2026-11-10', '2026-12-20'];
  await sql`
    insert into routing_decision (id, org_id, project_id, at, model, deployment, fallback_index,
                                  failed_attempts, decision)
    select uuid_from_instant(day::timestamptz), ${orgId}, ${projectId}, day, 'm', 'd', 0, 0, '{}'
    from unnest(${days}::date[]) day
  `.execute(owner);
  const left = async (): Promise<number> =>
    (await sql`select from routing_decision`.execute(owner)).rows.length;
  expect(await dropDecisions(dispatch, 90 * DAY_MS)).toBe(0);
  expect(await left()).toBe(3);
  expect(await dropDecisions(dispatch, 25 * DAY_MS)).toBe(0);
  expect(await left()).toBe(2); // 10 November is younger than 25 days, as its month is not over
  await setClock(owner, '2026-12-21T10:00:00Z');
  expect(await dropDecisions(dispatch, 15 * DAY_MS)).toBe(1);
  expect(await left()).toBe(1);
  await expect(dropDecisions(dispatch, 0)).rejects.toThrow('younger than a day');
  await expect(dropDecisions(db, 90 * DAY_MS)).rejects.toThrow('permission denied');
});

test('books and finds a call of a month that has no partition', async ({ db, dispatch, owner }) => {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await stopClock(owner, '2026-11-21T10:00:00Z');
  await sql`drop table spend_202611`.execute(owner);
  const call = callOf(account, 5n, { id: '01a1fc88-33b8-7000-8000-000000000001' as ReservationId });
  await reserveAll(db, [call]);
  await settleAll(db, [settlementOf(call)]);

  expect(await makeMonths(dispatch, 2)).toBe(0); // it stays where it is
  expect(await settleAll(db, [settlementOf(call)])).toMatchObject([{ costPusd: 5n }]);
});

test('the jobs expire what nobody settled, check the balances, and say so', async ({
  db,
  dispatch,
  owner,
}) => {
  await stopClock(owner, '2026-11-21T10:00:00Z');
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'project', { usdPerDay: 900n });
  await reserveAll(db, [
    callOf(account, 5n, { expiresInMs: 1000 }),
    callOf(account, 6n, { expiresInMs: 5000 }),
  ]);
  await setClock(owner, '2026-11-21T10:00:02Z');
  const metrics = createMetrics();
  const jobs = ledgerJobs({
    db,
    dispatch,
    log: silentLog,
    metrics,
    expireEveryMs: 1000,
    checkEveryMs: 1000,
    foldEveryMs: 1000,
    decisionsKeptMs: 90 * 86_400_000,
  });
  const { signal } = new AbortController();
  for (const each of jobs) await each.run(signal);

  expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
    { settled: 5n, reserved: 6n },
  ]);
  await sql`update budget set reserved = 1`.execute(owner);
  for (const each of jobs) await each.run(signal);
  const text = await metrics.render();
  expect(text).toContain('sagewai_ledger_expired_total 1');
  expect(text).toContain('sagewai_ledger_mismatched_budgets 1');
  expect(text).toContain('sagewai_ledger_budgets{scope="project",left="most"} 1');
});

test('counts limits by what is left of them in their present window', async ({ db, owner }) => {
  await stopClock(owner, '2026-11-21T10:00:00Z');
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'project', { usdPerDay: 100n });
  await limit(db, account, 'key', { usdPerDay: 50n, tokensPerMinute: 1_000n });
  const left = async () =>
    (await countBudgetsLeft(db, orgId))
      .map(({ scope, left: how, count }) => `${scope} ${how} ${count}`)
      .toSorted();
  expect(await left()).toEqual(['key most 1', 'project most 1']);
  await reserveAll(db, [callOf(account, 45n)]);
  expect(await left()).toEqual(['key little 1', 'project most 1']);
  await reserveAll(db, [callOf(account, 5n), callOf({ ...account, keyId: null as never }, 20n)]);
  expect(await left()).toEqual(['key none 1', 'project some 1']);
  await setClock(owner, '2026-11-22T10:00:00Z');
  expect(await left()).toEqual(['key most 1', 'project most 1']);
});
