export { type DatabaseFixtures, databaseTest, fileDatabaseTest } from './database-test.ts';
export { type HeldTransaction, holdTransaction } from './hold-transaction.ts';
export { type TempHome, tempHome } from './temp-home.ts';
export type { RedisMode } from './redis-mode.ts';
export { randomHistories } from './random-histories.ts';
export { makeTenant, type Tenant } from './tenants.sql.ts';
export { administer, type TestCluster } from './test-cluster.ts';
export { untilWaiting } from './waiters.sql.ts';
