import { createMetrics, type Metrics } from '@sagewai/telemetry';
import { expect, test } from 'vitest';

import { Backlog } from './dispatch/backlog.ts';
import { FleetMeters, SERIES_MAX } from './meters.ts';
import type { PendingCount, WorkerLoad } from './scaling/counts.sql.ts';
import { FLEET_DEFAULTS } from './settings.ts';

function create(): { metrics: Metrics; meters: FleetMeters } {
  const metrics = createMetrics();
  const backlog = new Backlog({
    ...FLEET_DEFAULTS,
    weightOf: () => 1,
    costOf: () => 1,
    fullLookEveryMs: 1_000,
    monotonicMs: () => 0,
    nowMs: () => 0,
  });
  return { metrics, meters: new FleetMeters(metrics, backlog) };
}

async function series(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.render()).split('\n');
  return lines.filter((line) => line.startsWith(`${name}{`));
}

const load = (n: number): WorkerLoad => ({
  workerId: `w${n}`,
  pool: `pool-${n % 400}`,
  active: 1,
  maxConcurrent: 4,
});

const count = (n: number, pending: number): PendingCount => ({
  pool: `pool-${n}`,
  model: 'm',
  pending,
  blockedByQuota: 2,
  unmatchable: 1,
  oldestSeconds: n,
});

test('a small fleet is told worker by worker', async () => {
  const { metrics, meters } = create();
  meters.loaded([load(0), load(1)]);
  expect(await series(metrics, 'sagewai_worker_load')).toEqual([
    'sagewai_worker_load{worker="w0",pool="pool-0"} 0.25',
    'sagewai_worker_load{worker="w1",pool="pool-1"} 0.25',
  ]);
});

test('10,000 workers in 400 pools are told pool by pool, within the limit, and none is left out', async () => {
  const { metrics, meters } = create();
  meters.loaded(Array.from({ length: 10_000 }, (_, n) => load(n)));
  expect(await series(metrics, 'sagewai_worker_load')).toEqual([]);
  const workers = await series(metrics, 'sagewai_pool_workers');
  expect(workers).toHaveLength(SERIES_MAX.pools + 1);
  expect(workers).toContain('sagewai_pool_workers{pool="pool-0"} 25');
  const total = workers.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(total).toBe(10_000);
  const size = (await metrics.render()).split('\n').length;
  expect(size).toBeLessThan(1_000);
});

test('queues beyond the limit are told together', async () => {
  const { metrics, meters } = create();
  const counts = Array.from({ length: SERIES_MAX.queues + 3 }, (_, n) => count(n, 1));
  meters.counted(counts);
  meters.counted(counts.toReversed());
  expect(await series(metrics, 'sagewai_pending_runs')).toHaveLength(SERIES_MAX.queues + 1);
  expect(await series(metrics, 'sagewai_pending_runs')).toContain(
    'sagewai_pending_runs{pool="other",model="other"} 3',
  );
  expect(await series(metrics, 'sagewai_pending_oldest_seconds')).toContain(
    'sagewai_pending_oldest_seconds{pool="other",model="other"} 2002',
  );
});

test('an empty queue is told with 0, and so is what holds back and what nobody serves', async () => {
  const { metrics, meters } = create();
  meters.counted([{ ...count(0, 0), blockedByQuota: 0, unmatchable: 0 }]);
  for (const name of [
    'pending_runs',
    'pending_runs_blocked_by_quota',
    'pending_runs_unmatchable',
  ]) {
    expect(await series(metrics, `sagewai_${name}`)).toEqual([
      `sagewai_${name}{pool="pool-0",model="m"} 0`,
    ]);
  }
});
