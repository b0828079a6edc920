import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import type { Databases } from './open-database.ts';

const POOLS = ['request', 'dispatch', 'ledger'] as const;

/** What the process asks of its database, by the pool that asks. */
export function createDatabaseMeters(metrics: Metrics, databases: Databases): void {
  const told = new Map<Db, number>();
  metrics.counter({
    name: 'sagewai_database_statements_total',
    help: 'Statements sent to the database, begin and commit included.',
    labels: ['pool'],
    collect: (counter) => {
      for (const pool of POOLS) {
        const count = databases[pool].statementCount();
        counter.add({ pool }, count - (told.get(databases[pool]) ?? 0));
        told.set(databases[pool], count);
      }
    },
  });
  metrics.gauge({
    name: 'sagewai_database_connections',
    help: 'Connections to the database; `waiting` counts the callers without one.',
    labels: ['pool', 'state'],
    collect: (gauge) => {
      for (const pool of POOLS) {
        const { total, idle, waiting } = databases[pool].poolState();
        gauge.set({ pool, state: 'busy' }, total - idle);
        gauge.set({ pool, state: 'idle' }, idle);
        gauge.set({ pool, state: 'waiting' }, waiting);
      }
    },
  });
}
