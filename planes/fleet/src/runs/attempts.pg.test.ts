import { inTenant } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';
import { readAttempts } from './attempts.sql.ts';

test('an attempt is told once, whether it is under way, over, or the last', async ({
  replica,
  tenant,
  db,
}) => {
  const worker = await replica.worker();
  const run = (await replica.submit({ max_attempts: 3 })) as RunId;
  const attempts = () => inTenant(db, [tenant.orgId], (tx) => readAttempts(tx, run));
  expect(await attempts()).toEqual([]);
  const [lease] = await replica.claim(worker);
  expect(await attempts()).toMatchObject([{ attempt: 1, endedAt: null, workerId: worker.id }]);
  const failed = { run_id: run, epoch: lease?.epoch, status: 'failed', retry: true };
  await replica.report(worker, failed);
  expect(await attempts()).toMatchObject([{ attempt: 1, errorClass: 'error' }]);
  const other = { ...tenant, orgId: worker.id as typeof tenant.orgId };
  expect(await inTenant(db, [other.orgId], (tx) => readAttempts(tx, run))).toEqual([]);
});
