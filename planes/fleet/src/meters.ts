import type { Counter, Gauge, Histogram, Metrics } from '@sagewai/telemetry';
import type { AnomalyKind } from '@sagewai/wire';

import type { Backlog } from './dispatch/backlog.ts';
import { LabelLimit, OTHER } from './enrollment/label-limit.ts';
import type { BacklogCount } from './limits/limits.sql.ts';
import type { OutcomeStatus } from './runs/run.ts';
import type { PendingCount, WorkerLoad } from './scaling/counts.sql.ts';

/** Seconds: a model call takes one, an agent minutes. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** How many series each metric may have; what is beyond is told together (docs/metrics.md). */
export const SERIES_MAX = { queues: 2_000, workers: 500, pools: 200 } as const;

/**
 * What the fleet tells about itself. The gauge of pending runs is set to what was counted last and moved
 * by what is submitted and claimed here since; every replica tells the whole, so take the maximum of
 * them, never the sum.
 */
export class FleetMeters {
  readonly #backlog: Backlog;
  readonly #queues = new LabelLimit(SERIES_MAX.queues);
  readonly #pools = new LabelLimit(SERIES_MAX.pools);
  readonly #pending: Gauge<'pool' | 'model'>;
  readonly #blocked: Gauge<'pool' | 'model'>;
  readonly #unmatchable: Gauge<'pool' | 'model'>;
  readonly #oldest: Gauge<'pool' | 'model'>;
  readonly #held: Gauge<'pool' | 'reason'>;
  readonly #load: Gauge<'worker' | 'pool'>;
  readonly #poolWorkers: Gauge<'pool'>;
  readonly #poolSlots: Gauge<'pool'>;
  readonly #poolActive: Gauge<'pool'>;
  readonly #duration: Histogram<'pool' | 'status'>;
  readonly #stalled: Counter<'pool'>;
  readonly #massSilences: Counter;
  readonly #wakes: Counter;
  readonly #anomalies: Counter<'kind'>;

  constructor(metrics: Metrics, backlog: Backlog) {
    this.#backlog = backlog;
    const ofQueue = (name: string, help: string): Gauge<'pool' | 'model'> =>
      metrics.gauge({ name, help, labels: ['pool', 'model'] });
    const ofPool = (name: string, help: string): Gauge<'pool'> =>
      metrics.gauge({ name, help, labels: ['pool'] });
    this.#pending = ofQueue(
      'sagewai_pending_runs',
      'Runs that wait for a worker. Every replica tells the whole: take the maximum.',
    );
    this.#blocked = ofQueue(
      'sagewai_pending_runs_blocked_by_quota',
      'Runs that wait and that more workers would not help; not among the pending ones.',
    );
    this.#unmatchable = ofQueue(
      'sagewai_pending_runs_unmatchable',
      'Pending runs that no worker that was heard lately can serve.',
    );
    this.#oldest = ofQueue(
      'sagewai_pending_oldest_seconds',
      'Age of the run that waits longest; 0 when none waits.',
    );
    this.#held = metrics.gauge({
      name: 'sagewai_blocked_runs',
      help: 'Runs that wait, but not for a worker: a cap, a rate or a pause holds them back.',
      labels: ['pool', 'reason'],
    });
    this.#load = metrics.gauge({
      name: 'sagewai_worker_load',
      help: 'Runs that a worker has, as a share of what it takes at once.',
      labels: ['worker', 'pool'],
    });
    this.#anomalies = metrics.counter({
      name: 'sagewai_worker_anomalies_total',
      help: 'Anomalies of workers that were raised, by kind.',
      labels: ['kind'],
    });
    this.#stalled = metrics.counter({
      name: 'sagewai_stalled_runs_total',
      help: 'Runs that were found to make no progress while their worker was alive.',
      labels: ['pool'],
    });
    this.#massSilences = metrics.counter({
      name: 'sagewai_mass_silence_rounds_total',
      help: 'Looks at which so many workers were silent at once that they were given as long again.',
    });
    this.#wakes = metrics.counter({
      name: 'sagewai_fleet_wakes_total',
      help: 'Notifications sent to the other replicas, each of all that was queued in a moment.',
    });
    this.#poolWorkers = ofPool('sagewai_pool_workers', 'Approved workers that were heard lately.');
    this.#poolSlots = ofPool('sagewai_pool_slots', 'Runs that these workers take at once.');
    this.#poolActive = ofPool('sagewai_pool_active_runs', 'Runs that these workers have.');
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

  /** The supervisor blames nobody in this round. */
  massSilence(): void {
    this.#massSilences.add({});
  }

  stalled(pool: string): void {
    this.#stalled.add({ pool: this.#pools.name(pool) });
  }

  found(kind: AnomalyKind): void {
    this.#anomalies.add({ kind });
  }

  /** So many runs more wait in this subqueue, or fewer. */
  moved(sq: number, count: number): void {
    const requirement = this.#backlog.subqueue(sq)?.requirement;
    if (requirement === undefined) return;
    const reason = this.#backlog.heldBy(sq);
    if (reason === null) this.#pending.add(this.#queueOf(requirement), count);
    else this.#held.add({ pool: this.#pools.name(requirement.pool), reason }, count);
  }

  counted(counts: readonly PendingCount[]): void {
    const told = new Map<string, PendingCount>();
    for (const count of counts) {
      const queue = this.#queueOf(count);
      const key = JSON.stringify(queue);
      const there = told.get(key);
      told.set(key, there === undefined ? { ...count, ...queue } : together(there, count));
    }
    for (const { pool, model, ...count } of told.values()) {
      this.#pending.set({ pool, model }, count.pending);
      this.#blocked.set({ pool, model }, count.blockedByQuota);
      this.#unmatchable.set({ pool, model }, count.unmatchable);
      this.#oldest.set({ pool, model }, count.oldestSeconds);
    }
  }

  /** Every pool that was ever asked for has each reason, with 0 when nothing is held back. */
  heldBack(backlog: readonly BacklogCount[]): void {
    for (const reason of ['paused', 'cap', 'rate'] as const) {
      const pools = new Map<string, number>();
      for (const count of backlog) {
        const pool = this.#pools.name(count.pool);
        pools.set(pool, (pools.get(pool) ?? 0) + count[reason]);
      }
      for (const [pool, runs] of pools) this.#held.set({ pool, reason }, runs);
    }
  }

  /** Beyond the limit a worker's own series says less than its pool's, and costs ten thousand times more. */
  loaded(loads: readonly WorkerLoad[]): void {
    for (const gauge of [this.#load, this.#poolWorkers, this.#poolSlots, this.#poolActive]) {
      gauge.reset();
    }
    const isFew = loads.length <= SERIES_MAX.workers;
    for (const { workerId, pool, active, maxConcurrent } of loads) {
      if (isFew) this.#load.set({ worker: workerId, pool }, active / maxConcurrent);
      const labels = { pool: this.#pools.name(pool) };
      this.#poolWorkers.add(labels, 1);
      this.#poolSlots.add(labels, maxConcurrent);
      this.#poolActive.add(labels, active);
    }
  }

  ended(sq: number, status: OutcomeStatus, seconds: number): void {
    const pool = this.#pools.name(this.#backlog.subqueue(sq)?.requirement.pool ?? '');
    this.#duration.observe({ pool, status }, seconds);
  }

  #queueOf({ pool, model }: { readonly pool: string; readonly model: string }): {
    pool: string;
    model: string;
  } {
    const isTold = this.#queues.name(JSON.stringify([pool, model])) !== OTHER;
    return isTold ? { pool, model } : { pool: OTHER, model: OTHER };
  }
}

function together(one: PendingCount, other: PendingCount): PendingCount {
  return {
    ...one,
    pending: one.pending + other.pending,
    blockedByQuota: one.blockedByQuota + other.blockedByQuota,
    unmatchable: one.unmatchable + other.unmatchable,
    oldestSeconds: Math.max(one.oldestSeconds, other.oldestSeconds),
  };
}
