import type { Counter, Gauge, Histogram, Metrics } from '@sagewai/telemetry';

import type { Backlog } from './backlog.ts';
import type { PendingCount, WorkerLoad } from './counts.sql.ts';
import type { OutcomeStatus } from './run.ts';

/** Seconds: a model call takes one, an agent minutes. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/**
 * What the fleet tells about itself. The gauge of pending runs is set to what was counted last and moved
 * by what is submitted and claimed here since; every replica tells the whole, so take the maximum of
 * them, never the sum.
 */
export class FleetMeters {
  readonly #backlog: Backlog;
  readonly #pending: Gauge<'pool' | 'model'>;
  readonly #load: Gauge<'worker' | 'pool'>;
  readonly #duration: Histogram<'pool' | 'status'>;
  readonly #wakes: Counter;

  constructor(metrics: Metrics, backlog: Backlog) {
    this.#backlog = backlog;
    this.#pending = metrics.gauge({
      name: 'sagewai_pending_runs',
      help: 'Runs that wait for a worker. Every replica tells the whole: take the maximum.',
      labels: ['pool', 'model'],
    });
    this.#load = metrics.gauge({
      name: 'sagewai_worker_load',
      help: 'Runs that a worker has, as a share of what it takes at once.',
      labels: ['worker', 'pool'],
    });
    this.#wakes = metrics.counter({
      name: 'sagewai_fleet_wakes_total',
      help: 'Notifications sent to the other replicas, each of all that was queued in a moment.',
    });
    this.#duration = metrics.histogram({
      name: 'sagewai_run_duration',
      help: 'Seconds from the claim of a run to its accepted report.',
      labels: ['pool', 'status'],
      buckets: DURATION_BUCKETS,
    });
  }

  /** A NOTIFY was sent. */
  woke(): void {
    this.#wakes.add({});
  }

  /** So many runs more wait in this subqueue, or fewer. */
  moved(sq: number, count: number): void {
    const requirement = this.#backlog.subqueue(sq)?.requirement;
    if (requirement === undefined) return;
    this.#pending.add({ pool: requirement.pool, model: requirement.model }, count);
  }

  counted(counts: readonly PendingCount[]): void {
    for (const { pool, model, pending } of counts) this.#pending.set({ pool, model }, pending);
  }

  loaded(loads: readonly WorkerLoad[]): void {
    this.#load.reset();
    for (const { workerId, pool, active, maxConcurrent } of loads) {
      this.#load.set({ worker: workerId, pool }, active / maxConcurrent);
    }
  }

  ended(sq: number, status: OutcomeStatus, seconds: number): void {
    const pool = this.#backlog.subqueue(sq)?.requirement.pool ?? '';
    this.#duration.observe({ pool, status }, seconds);
  }
}
