import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { NO_POOL_SETTING } from '../dispatch/strategy.ts';
import { fleetTest } from '../fleet-test.ts';
import { makePlace } from '../queue-fixture.ts';
import { listPools, readPoolSetting, setPoolSetting } from './pools.sql.ts';

test('a pool is listed by its worker, its runs or its setting, of one organization', async ({
  db,
  dispatch,
}) => {
  const { tenant } = await makePlace(db, await makeTenant(db));
  const { orgId } = tenant;
  expect(await readPoolSetting(dispatch, orgId, 'gpu')).toEqual(NO_POOL_SETTING);
  const set = (strategy: 'THRESHOLD' | null, threshold: number | null) =>
    inTenant(db, [orgId], (tx) =>
      setPoolSetting(tx, { orgId, pool: 'gpu' }, { strategy, threshold }),
    );
  await set(null, 0.5);
  await set('THRESHOLD', 0.8);
  expect(await readPoolSetting(dispatch, orgId, 'gpu')).toEqual({
    strategy: 'THRESHOLD',
    threshold: 0.8,
  });
  const none = { strategy: null, threshold: null, retry: null };
  expect(await inTenant(db, [orgId], (tx) => listPools(tx, orgId, 60_000))).toEqual([
    { pool: 'default', ...none, workers: 1, slots: 1, active: 0 },
    {
      pool: 'gpu',
      strategy: 'THRESHOLD',
      threshold: 0.8,
      retry: null,
      workers: 0,
      slots: 0,
      active: 0,
    },
  ]);
  const other = await makeTenant(db);
  expect(await inTenant(db, [other.orgId], (tx) => listPools(tx, other.orgId, 60_000))).toEqual([]);
  await expect(set('FASTEST' as 'THRESHOLD', null)).rejects.toThrow('a_pool_has_a_known_strategy');
});

fleetTest('a pool says how its runs are retried that bring no policy', async ({ replica }) => {
  const set = (retry: object | null) =>
    replica.call('PUT', '/api/v1/fleet/pools/gpu', { as: 'admin', body: { retry } });
  const keyed = { pool: 'gpu', idempotency_key: 'k' };
  const retryOf = async (run: string): Promise<unknown> =>
    (await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' })).body['retry'];
  const before = await replica.submit(keyed);
  expect(await retryOf(before)).toBeNull();
  const policy = { max_attempts: 7, classes: { error: true } };
  expect((await set(policy)).body).toMatchObject({ pool: 'gpu', retry: policy });
  expect(await retryOf(await replica.submit({ pool: 'gpu' }))).toMatchObject(policy);
  const own = await replica.submit({ pool: 'gpu', retry: { max_attempts: 2 } });
  expect(await retryOf(own)).toMatchObject({ max_attempts: 2, classes: {} });
  expect(await retryOf(await replica.submit())).toBeNull();
  // The same request as before the pool said so.
  expect(await replica.submit(keyed)).toBe(before);
  const { body } = await replica.call('GET', '/api/v1/fleet/pools', { as: 'read' });
  expect(body['pools']).toMatchObject([
    { pool: 'default', retry: null },
    { pool: 'gpu', retry: policy },
  ]);
  await set(null);
  expect(await retryOf(await replica.submit({ pool: 'gpu' }))).toBeNull();
});
