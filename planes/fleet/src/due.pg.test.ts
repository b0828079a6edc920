import { readDue } from '@sagewai/jobs';
import { type Db, sql, type Statement } from '@sagewai/postgres';
import { databaseTest, makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { claimRuns, submitRuns } from './dispatch/queue.sql.ts';
import {
  boundParentsDue,
  bulkDue,
  childWaitsDue,
  countsDue,
  dueNow,
  encryptionDue,
  gaugesDue,
  leasesDue,
  limitsDue,
  queueDue,
  routesDue,
  scheduledDue,
  schedulesDue,
  unmatchableDue,
  versionsDue,
  waitsDue,
} from './due.sql.ts';
import { makePlace, newRun, requestOf } from './queue-fixture.ts';

const NOTHING = { count: 0, sum: 0n };
const LOOKS: Record<string, () => Statement<unknown>> = {
  boundParentsDue,
  bulkDue,
  childWaitsDue,
  countsDue,
  encryptionDue,
  gaugesDue,
  leasesDue,
  limitsDue,
  queueDue,
  routesDue,
  scheduledDue,
  schedulesDue,
  unmatchableDue,
  versionsDue: () => versionsDue(NOTHING),
  waitsDue,
};

/** By the name of the look, as the role of dispatch. */
async function whatIsDue(dispatch: Db): Promise<Record<string, number>> {
  const answers = await readDue(
    dispatch,
    Object.values(LOOKS).map((question) => question()),
  );
  const named = Object.keys(LOOKS).map((name, at) => [name, answers[at] ?? null] as const);
  return Object.fromEntries(named.flatMap(([name, ms]) => (ms === null ? [] : [[name, ms]])));
}

describe('what is due', () => {
  databaseTest('is nothing where nothing happens', async ({ dispatch }) => {
    expect(await whatIsDue(dispatch)).toEqual({});
    expect(await readDue(dispatch, [dueNow()])).toEqual([0]);
  });

  databaseTest('is what waits in the queue, and what a worker has', async ({ db, dispatch }) => {
    const here = await makePlace(db, await makeTenant(db));
    await submitRuns(db, [newRun(here)]);
    expect(await whatIsDue(dispatch)).toEqual({ queueDue: 0, countsDue: 0, unmatchableDue: 0 });
    await claimRuns(db, requestOf(here));
    expect(await whatIsDue(dispatch)).toEqual({ leasesDue: 0, gaugesDue: 0 });
  });

  databaseTest('is told by the time to it where that is known', async ({ db, dispatch, owner }) => {
    const here = await makePlace(db, await makeTenant(db));
    await submitRuns(db, [newRun(here, { deadline: new Date(Date.now() + 90_000) })]);
    await sql`
      with moved as (delete from ready returning *)
      insert into scheduled (due_at, run_id, sq, prio, attempt)
      select app_now() + interval '40 seconds', run_id, sq, prio, attempt from moved
    `.execute(owner);
    const due = await whatIsDue(dispatch);
    expect(Object.keys(due).toSorted()).toEqual(['leasesDue', 'scheduledDue']);
    expect(due['scheduledDue']).toBeGreaterThan(30_000);
    expect(due['scheduledDue']).toBeLessThanOrEqual(40_000);
    expect(due['leasesDue']).toBeGreaterThan(80_000);
    expect(due['leasesDue']).toBeLessThanOrEqual(90_000);
  });

  databaseTest('is a change of keys that was not seen', async ({ db, dispatch, owner }) => {
    const { orgId } = await makeTenant(db);
    await sql`
      insert into payload_encryption (org_id, enabled_at, version) values (${orgId}, app_now(), 7)
    `.execute(owner);
    expect(await whatIsDue(dispatch)).toEqual({ encryptionDue: 0, versionsDue: 0 });
    const seen = [versionsDue({ count: 1, sum: 7n }), versionsDue({ count: 1, sum: 8n })];
    expect(await readDue(dispatch, seen)).toEqual([null, 0]);
  });
});
