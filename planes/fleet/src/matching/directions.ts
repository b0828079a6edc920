import { hash } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import type { BodyOf, submitRun, WorkerId } from '@sagewai/wire';

import { lacksOf } from '../placement/lacks.ts';
import type { WorkerFact } from '../placement/placement-facts.ts';
import type { Submitting } from '../runs/submissions.ts';
import type { Requirement } from './match-class.ts';
import type { StickyKey } from './routes.sql.ts';

type Submission = BodyOf<typeof submitRun>;

/** For which worker a run is, for how long, and whether others may have it then. */
export interface Direction {
  readonly workerNum: number;
  readonly waitMs: number;
  readonly fallback: 'fail' | 'any';
  readonly stickyKey: string | null;
}

export interface DirectionsOptions {
  /** As recorded now, whatever its state; null: the organization has no such worker. */
  readonly readWorker: (by: Submitting, id: WorkerId) => Promise<WorkerFact | null>;
  readonly findWorkers: (by: Submitting) => readonly WorkerFact[] | Promise<readonly WorkerFact[]>;
  readonly stick: (
    key: StickyKey,
    of: { readonly ttlMs: number; readonly workers: readonly number[] },
  ) => Promise<number>;
  /** How long a run waits for a worker that it names, unless it says. */
  readonly waitMs: number;
  /** How long a softly sticky run waits for its worker. */
  readonly softWaitMs: number;
}

export const STICKY_TTL_DEFAULT_SECONDS = 600;

/** Decides for which worker runs are that name one, or that go where others with their key went. */
export class Directions {
  readonly #options: DirectionsOptions;

  constructor(options: DirectionsOptions) {
    this.#options = options;
  }

  /** Null: it is for all that match. */
  decide(
    submission: Submission,
    requirement: Requirement,
    by: Submitting,
  ): Direction | null | Promise<Direction | null> {
    const { routing, sticky } = submission;
    if (routing?.worker_id !== undefined) {
      if (sticky !== undefined) throw refused('Say routing.worker_id or sticky, not both.');
      return this.#toWorker(routing as NamesWorker, requirement, by);
    }
    return sticky === undefined ? null : this.#toLast(sticky, requirement, by);
  }

  /** F3. The body names a worker; what is recorded of it decides. */
  async #toWorker(
    { worker_id: id, worker_wait_seconds: wait, worker_fallback: fallback = 'fail' }: NamesWorker,
    requirement: Requirement,
    by: Submitting,
  ): Promise<Direction> {
    const worker = await this.#options.readWorker(by, id);
    if (worker === null) throw refused('routing.worker_id: there is no such worker.');
    const lacks = lacksNever(worker, requirement, by);
    if (lacks.length > 0) {
      throw refused(`The worker ${worker.name} may not have it: ${lacks.join('; ')}.`);
    }
    const waitMs = wait === undefined ? this.#options.waitMs : Math.round(wait * 1_000);
    return { workerNum: worker.num, waitMs, fallback, stickyKey: null };
  }

  async #toLast(
    { key, mode = 'soft', ttl_seconds: ttl = STICKY_TTL_DEFAULT_SECONDS }: Sticky,
    requirement: Requirement,
    by: Submitting,
  ): Promise<Direction | null> {
    const workers = orderFor(key, await this.#options.findWorkers(by), requirement, by);
    // Nobody may have it as yet: it waits for whoever comes.
    if (workers.length === 0) return null;
    const ttlMs = Math.round(ttl * 1_000);
    const workerNum = await this.#options.stick({ ...by, key }, { ttlMs, workers });
    const waitMs = mode === 'hard' ? ttlMs : Math.min(ttlMs, this.#options.softWaitMs);
    return { workerNum, waitMs, fallback: 'any', stickyKey: key };
  }
}

type NamesWorker = NonNullable<Submission['routing']> & { readonly worker_id: WorkerId };
type Sticky = NonNullable<Submission['sticky']>;

/** All that may have it. Who could take it now comes first; then each key has an order of its own. */
export function orderFor(
  key: string,
  workers: readonly WorkerFact[],
  requirement: Requirement,
  by: Submitting,
): number[] {
  return workers
    .map((worker) => ({ worker, lacks: lacksOf(worker, { ...by, requirement }) }))
    .filter(({ lacks }) => lacks.every(({ kind }) => kind === 'now'))
    .map(({ worker, lacks }) => ({
      num: worker.num,
      isAway: lacks.some(({ code }) => code !== 'full'),
      isFull: lacks.length > 0,
      order: hash('sha256', `${key}\0${worker.id}`),
    }))
    .toSorted(
      (one, other) =>
        Number(one.isAway) - Number(other.isAway) ||
        Number(one.isFull) - Number(other.isFull) ||
        (one.order < other.order ? -1 : 1),
    )
    .map(({ num }) => num);
}

function lacksNever(worker: WorkerFact, requirement: Requirement, by: Submitting): string[] {
  return lacksOf(worker, { ...by, requirement })
    .filter(({ kind }) => kind === 'never')
    .map(({ text }) => text);
}

function refused(detail: string): Fault {
  return new Fault('request.invalid', 'a run is for a worker that cannot have it', { detail });
}
