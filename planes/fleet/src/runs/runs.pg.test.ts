import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { RunId, RunState } from '@sagewai/wire';
import { expect } from 'vitest';

import { reportRuns } from '../dispatch/leases.sql.ts';
import { cancelRun, claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, requestOf } from '../queue-fixture.ts';
import { findRun, listRuns, readStates } from './runs.sql.ts';

test('the state of a run is where it is, for one, for many and in lists', async ({ db }) => {
  const tenant = await makeTenant(db);
  const here = await makePlace(db, tenant);
  const { orgId, projectId } = tenant;
  const runs = [1, 2, 3, 4, 5].map((n) => newRun(here, { prio: n }));
  type Five = [RunId, RunId, RunId, RunId, RunId];
  const ids = runs.map(({ runId }) => runId) as Five;
  const [running, completed, failed, cancelled, queued] = ids;
  await submitRuns(db, runs);
  const wants = [1, 2, 3].map((prio) => ({ sq: here.sq, prio, count: 1, floor: 0n }));
  const leases = await claimRuns(db, requestOf(here, { wants }));
  for (const { runId, epoch } of leases) {
    if (runId === running) continue;
    const status = runId === completed ? 'completed' : 'failed';
    const ends = {
      status,
      output: '{"a":1}',
      error: null,
      retry: false,
      errorClass: null,
      deadLetter: false,
    } as const;
    await reportRuns(
      db,
      [{ runId, epoch, orgId, workerNum: here.num, sessionEpoch: 1n, ...ends }],
      1_000,
    );
  }
  await inTenant(db, [orgId], async (tx) => {
    await cancelRun(tx, cancelled);
    const expected = { running, completed, failed, cancelled, queued };
    const states = await readStates(tx, ids);
    for (const [state, runId] of Object.entries(expected) as [RunState, RunId][]) {
      expect((await findRun(tx, runId))?.state).toBe(state);
      expect(states).toContainEqual({ runId, projectId, state });
      const listed = await listRuns(tx, { orgId, projectId, state, limit: 10 });
      expect(listed.map((run) => run.runId)).toEqual([runId]);
    }
    expect(await listRuns(tx, { orgId, projectId: null, limit: 10 })).toHaveLength(5);
    expect(await listRuns(tx, { orgId, projectId, state: 'waiting', limit: 10 })).toEqual([]);
    expect((await findRun(tx, completed))?.output).toEqual({ a: 1 });
  });
  const foreign = await makeTenant(db);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await readStates(tx, ids)).toEqual([]);
    expect(await listRuns(tx, { orgId, projectId: null, limit: 10 })).toEqual([]);
  });
});
