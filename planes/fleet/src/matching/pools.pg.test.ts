import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { NO_POOL_SETTING } from '../dispatch/strategy.ts';
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
  const none = { strategy: null, threshold: null };
  expect(await inTenant(db, [orgId], (tx) => listPools(tx, orgId, 60_000))).toEqual([
    { pool: 'default', ...none, workers: 1, slots: 1, active: 0 },
    { pool: 'gpu', strategy: 'THRESHOLD', threshold: 0.8, workers: 0, slots: 0, active: 0 },
  ]);
  const other = await makeTenant(db);
  expect(await inTenant(db, [other.orgId], (tx) => listPools(tx, other.orgId, 60_000))).toEqual([]);
  await expect(set('FASTEST' as 'THRESHOLD', null)).rejects.toThrow('a_pool_has_a_known_strategy');
});
