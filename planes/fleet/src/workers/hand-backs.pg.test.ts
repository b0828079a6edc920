import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { type ClaimAnswer, claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, requestOf } from '../queue-fixture.ts';
import { handBack } from './hand-backs.sql.ts';

test('what is handed back is queued again, and the attempt does not count (F1)', async ({ db }) => {
  const place = await makePlace(db, await makeTenant(db));
  await submitRuns(db, [newRun(place, { maxAttempts: 1 }), newRun(place)]);
  const leases = await claimRuns(db, requestOf(place));
  const [lease] = leases as [ClaimAnswer];
  const own = { workerNum: place.num, sessionEpoch: 1n };
  expect(await handBack(db, { ...own, sessionEpoch: 2n }, leases)).toEqual([]);
  expect(await handBack(db, { ...own, workerNum: place.num + 1 }, leases)).toEqual([]);
  expect(await handBack(db, own, [{ ...lease, epoch: lease.epoch + 99n }])).toEqual([]);
  expect(await handBack(db, own, leases)).toMatchObject([{ how: 'requeued' }, { how: 'requeued' }]);
  expect(await handBack(db, own, leases)).toEqual([]);
  const again = await claimRuns(db, requestOf(place));
  expect(again.map(({ attempt }) => attempt)).toEqual([1, 1]);
});
