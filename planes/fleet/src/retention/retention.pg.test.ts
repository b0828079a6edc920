import { newId } from '@sagewai/crypto';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant } from '@sagewai/testing';
import type { OrganizationId, RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import {
  dropDay,
  dropRuns,
  listRetentions,
  makePartitions,
  setRetention,
} from './retention.sql.ts';

const DAY_MS = 86_400_000;
const DAYS_AGO = 10;
const retention = { retentionMs: 5 * DAY_MS, keepMax: 100 };

/** An id as it was made so many days ago. */
function idOf(daysAgo: number): RunId {
  const time = (Date.now() - daysAgo * DAY_MS).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-${newId().slice(14)}` as RunId;
}

/** The partitions that there were then. */
async function makeDay(db: Db, daysAgo: number): Promise<void> {
  await inTenant(db, [], async (tx) => {
    const offset = String(-daysAgo * 86_400);
    await sql`select set_config('sagewai.clock_offset_seconds', ${offset}, true)`.execute(tx);
    await makePartitions(tx, 0);
  });
}

async function endRun(owner: Db, runId: RunId, daysAgo: number): Promise<void> {
  await sql`
    with gone as (delete from ready where run_id = ${runId} returning run_id)
    insert into outcome (run_id, org_id, project_id, status, attempt, at)
    select r.run_id, r.org_id, r.project_id, 'completed', 1, now() - ${daysAgo} * interval '1 day'
    from run r join gone on gone.run_id = r.run_id
  `.execute(owner);
}

async function submitOld(db: Db, place: Place, daysAgo = DAYS_AGO): Promise<RunId> {
  const runId = idOf(daysAgo);
  await submitRuns(db, [newRun(place, { runId })]);
  return runId;
}

async function idsOf(owner: Db, table: 'run' | 'outcome'): Promise<RunId[]> {
  const from = table === 'run' ? sql`run` : sql`outcome`;
  const { rows } = await sql<{ id: RunId }>`select run_id as id from ${from} order by 1`.execute(
    owner,
  );
  return rows.map(({ id }) => id);
}

async function partitions(owner: Db, pattern: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_class where relispartition and relname ~ ${pattern}
  `.execute(owner);
  return rows[0]?.n ?? 0;
}

describe('dropDay', () => {
  test('drops what is over, and nothing that is queued, put off, leased or fresh (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    await makeDay(dispatch, DAYS_AGO);
    const place = await makePlace(db, await makeTenant(db));
    const [over, late] = [await submitOld(db, place), await submitOld(db, place)];
    await endRun(owner, over, 9);
    await endRun(owner, late, 1);
    const leased = await submitOld(db, place);
    await claimRuns(db, requestOf(place, { slots: 1 }));
    const queued = await submitOld(db, place);
    const putOff = idOf(DAYS_AGO);
    await submitRuns(db, [
      newRun(place, { runId: putOff, plan: { delay_ms: DAY_MS, timeout_ms: 5_000 } }),
    ]);
    const today = newRun(place);
    await submitRuns(db, [today]);
    const spent = await sql<{ n: number }>`select count(*)::int as n from audit_entry`.execute(
      owner,
    );

    expect(await dropDay(dispatch, retention)).toEqual({ kind: 'dropped', kept: 4 });
    expect(new Set(await idsOf(owner, 'run'))).toEqual(
      new Set([late, leased, queued, putOff, today.runId]),
    );
    expect(await idsOf(owner, 'outcome')).toEqual([late]);
    expect(await sql`select run_id from run_timeout`.execute(owner)).toMatchObject({ rowCount: 1 });
    expect(await dropDay(dispatch, retention)).toEqual({ kind: 'none' });
    expect(await partitions(owner, '^run_[0-9]+$')).toBe(8);
    expect(
      await sql<{ n: number }>`select count(*)::int as n from audit_entry`.execute(owner),
    ).toMatchObject({ rows: spent.rows });

    // What was kept ends like any other run, and goes by itself later.
    await endRun(owner, queued, 0);
    const { orgId } = place.tenant;
    const of = { orgId, projectId: null, retentionMs: -1_000, limit: 10 };
    expect(await dropRuns(dispatch, { ...of, retentionMs: 5 * DAY_MS })).toBe(0);
    expect(await dropRuns(dispatch, of)).toBe(2);
    expect(new Set(await idsOf(owner, 'run'))).toEqual(new Set([leased, putOff, today.runId]));
  });

  test('leaves a day of which too much lives', async ({ db, dispatch, owner }) => {
    await makeDay(dispatch, DAYS_AGO);
    const place = await makePlace(db, await makeTenant(db));
    for (let n = 0; n < 3; n += 1) await submitOld(db, place);
    expect(await dropDay(dispatch, { ...retention, keepMax: 2 })).toEqual({ kind: 'full' });
    expect(await idsOf(owner, 'run')).toHaveLength(3);
  });

  test('keeps a run that ends while its day is looked through, with its outcome (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    await makeDay(dispatch, DAYS_AGO);
    const place = await makePlace(db, await makeTenant(db));
    const run = await submitOld(db, place);
    const { orgId, projectId } = place.tenant;
    await using ending = await holdTransaction(db, [orgId], async (tx) => {
      await sql`delete from ready where run_id = ${run}`.execute(tx);
      await sql`
        insert into outcome (run_id, org_id, project_id, status, attempt, at)
        values (${run}, ${orgId}, ${projectId}, 'completed', 1, now())
      `.execute(tx);
    });
    const dropping = dropDay(dispatch, retention);
    // It waits for the lock of the parents, which the open transaction keeps from it.
    for (;;) {
      const { rowCount } = await sql`
        select from pg_locks where not granted and mode = 'AccessExclusiveLock'
      `.execute(owner);
      if (rowCount !== 0) break;
    }
    await ending.commit();
    expect(await dropping).toEqual({ kind: 'dropped', kept: 1 });
    expect(await idsOf(owner, 'run')).toEqual([run]);
    expect(await idsOf(owner, 'outcome')).toEqual([run]);
  });

  test('is not for those who serve requests', async ({ db }) => {
    await expect(dropDay(db, retention)).rejects.toThrow(/permission denied/);
    const of = { orgId: newId<OrganizationId>(), projectId: null, retentionMs: 0, limit: 1 };
    await expect(dropRuns(db, of)).rejects.toThrow(/permission denied/);
  });
});

describe('a project', () => {
  test('that keeps less loses its own runs alone, in bounded batches (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const [mine, other] = [
      await makePlace(db, await makeTenant(db)),
      await makePlace(db, await makeTenant(db)),
    ];
    const { orgId, projectId } = mine.tenant;
    await inTenant(db, [orgId], (tx) => setRetention(tx, { orgId, projectId, days: 2 }));
    const of = (days: number) => ({ orgId, projectId, retentionMs: days * DAY_MS, limit: 2 });
    expect(await inTenant(db, [orgId], listRetentions)).toMatchObject([{ projectId, days: 2 }]);
    const old = [];
    for (let n = 0; n < 3; n += 1) old.push(await submitOld(db, mine, 3));
    const alive = await submitOld(db, mine, 3);
    const others = await submitOld(db, other, 3);
    for (const run of [...old, others]) await endRun(owner, run, 3);

    expect(await dropRuns(dispatch, of(4))).toBe(0);
    expect(await dropRuns(dispatch, of(2))).toBe(2);
    expect(await dropRuns(dispatch, of(2))).toBe(1);
    expect(new Set(await idsOf(owner, 'run'))).toEqual(new Set([alive, others]));

    await inTenant(db, [orgId], (tx) => setRetention(tx, { orgId, projectId, days: null }));
    expect(await inTenant(db, [orgId], listRetentions)).toEqual([]);
  });
});

describe('makePartitions', () => {
  test('gives a day back what the default partition took while there was none', async ({
    db,
    dispatch,
    owner,
  }) => {
    const place = await makePlace(db, await makeTenant(db));
    const run = await submitOld(db, place, 3);
    const inDefault = async () => (await sql`select from run_default`.execute(owner)).rowCount;
    expect(await inDefault()).toBe(1);
    await makeDay(dispatch, 3);
    expect(await inDefault()).toBe(0);
    expect(await idsOf(owner, 'run')).toEqual([run]);
  });
});
