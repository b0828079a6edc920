import { sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, requestOf } from '../queue-fixture.ts';
import { countPending, readLoads, readPending } from './counts.sql.ts';

const FRESH = { heardMs: 60_000, probeStaleMs: 60_000 };

test('counts what waits, and keeps 0 for what was ever asked for', async ({ db }) => {
  const here = await makePlace(db, await makeTenant(db));
  const nothing = { pool: 'default', model: '*', blockedByQuota: 0, oldestSeconds: 0 };
  expect(await readPending(db)).toEqual([{ ...nothing, pending: 0, unmatchable: 0 }]);
  await submitRuns(db, [newRun(here), newRun(here)]);
  await countPending(db, FRESH);
  expect(await readPending(db)).toEqual([
    { ...nothing, pending: 2, unmatchable: 2, oldestSeconds: expect.any(Number) },
  ]);
  await claimRuns(db, requestOf(here));
  await countPending(db, FRESH);
  expect(await readPending(db)).toEqual([{ ...nothing, pending: 0, unmatchable: 0 }]);
});

test('tells the load of workers that were heard', async ({ db, owner }) => {
  const here = await makePlace(db, await makeTenant(db));
  await submitRuns(db, [newRun(here)]);
  await claimRuns(db, requestOf(here));
  const load = { workerId: here.workerId, pool: 'default', active: 1, maxConcurrent: 1 };
  expect(await readLoads(db, 60_000)).toEqual([load]);
  await sql`update worker_session set last_seen_at = now() - interval '2 minutes'`.execute(owner);
  expect(await readLoads(db, 60_000)).toEqual([]);
});
