/**
 * Who gets the runs of a line whose class weighs its workers (by a strategy, or by preferences).
 *
 * For each such line a replica reads what all workers of the pool hold, and how many runs stand at its
 * head, and divides these among them. Every replica divides alike, so each gives its own workers their
 * share and leaves the rest: nobody asks anybody. What is left is *held*: if it is still there after the
 * patience, whoever was to have it is not waiting anywhere, and those who wait here may have it.
 *
 * Loads come from leases, read for the decision. Where the reading takes long (thousands of workers), it
 * is used for a moment, with what is given here added.
 */
import type { OrganizationId } from '@sagewai/wire';

import { serves } from '../matching/match-class.ts';
import { scoreOf } from '../matching/selector.ts';
import type { Line, Subqueue } from '../matching/subqueue.ts';
import type { Remembered } from '../remembered.ts';
import type { PoolWorker } from '../scaling/loads.sql.ts';
import { type Candidate, chooseWorkers } from './choose-workers.ts';
import { type How, howOf, type PoolSetting } from './strategy.ts';

export interface PoolName {
  readonly orgId: OrganizationId;
  readonly pool: string;
}

/** A worker that waits at this replica. */
export interface Waiting {
  readonly slots: number;
  /** In the order of waiting. */
  readonly place: number;
}

interface Read {
  readonly workers: readonly PoolWorker[];
  readonly head: readonly bigint[];
}

export interface PlacementsOptions {
  readonly poolSettings: Remembered<PoolName, PoolSetting>;
  readonly readBoth: (pool: PoolName, line: Line, limit: number) => Promise<Read>;
  readonly readHead: (line: Line, limit: number) => Promise<readonly bigint[]>;
  readonly patienceMs: number;
  readonly monotonicMs: () => number;
  /** The patience with a line has ended: it is to be looked at again. */
  readonly onPatienceEnded: (sq: number) => void;
}

/** How many each worker gets, and how many runs were seen at all. */
export interface Division {
  readonly runs: number;
  readonly counts: ReadonlyMap<number, number>;
}

interface Hold {
  readonly sinceMs: number;
  /** The last run that was there then. */
  readonly seqMax: bigint;
  readonly timer: NodeJS.Timeout;
}

interface View {
  readonly workers: readonly PoolWorker[];
  readonly trustedUntilMs: number;
  readonly given: Map<number, { count: number; epoch: bigint }>;
}

const RUNS_MAX = 256;
/** A reading may be used for so many times what it took, if it took more than nothing. */
const VIEW_SHARE = 4;
const VIEW_QUICK_MS = 5;
/** Who did not come for a run is not waited for again so soon. */
const ABSENT_PATIENCES = 20;

export class Placements {
  readonly #options: PlacementsOptions;
  readonly #holds = new Map<string, Hold>();
  readonly #views = new Map<string, View>();
  readonly #absentUntilMs = new Map<number, number>();

  constructor(options: PlacementsOptions) {
    this.#options = options;
  }

  /** Not a promise when it is known. */
  howOf({ orgId, requirement }: Subqueue): How | Promise<How> {
    if (requirement.routing?.strategy !== undefined) return howOf(requirement, NO_SETTING);
    const setting = this.#options.poolSettings.find({ orgId, pool: requirement.pool });
    return setting instanceof Promise
      ? setting.then((known) => howOf(requirement, known))
      : howOf(requirement, setting);
  }

  async divide(
    { subqueue, prio }: { readonly subqueue: Subqueue; readonly prio: number },
    how: How,
    waiting: ReadonlyMap<number, Waiting>,
  ): Promise<Division> {
    const { monotonicMs } = this.#options;
    const line = { sq: subqueue.sq, prio };
    const { view, head } = await this.#look(subqueue, line);
    const key = `${line.sq}:${prio}`;
    const last = head.at(-1);
    if (last === undefined) {
      this.#endHold(key);
      return { runs: 0, counts: new Map() };
    }
    const candidates = candidatesOf(view, { subqueue, how, waiting });
    const hold = this.#holds.get(key);
    const isLate = hold !== undefined && monotonicMs() - hold.sinceMs >= this.#options.patienceMs;
    const late = isLate ? head.filter((seq) => seq <= hold.seqMax).length : 0;
    const present = candidates.filter(({ num, place }) => place !== null || !this.#isAbsent(num));
    const counts =
      late > 0
        ? this.#divideLate(how, { candidates: present, late })
        : chooseWorkers(how, present, head.length);
    if (isLate) this.#endHold(key);
    this.#hold(key, line.sq, last);
    return { runs: head.length, counts };
  }

  /** A claim gave it so many. */
  given(pool: PoolName, num: number, { count, epoch }: { count: number; epoch: bigint }): void {
    const given = this.#views.get(nameOf(pool))?.given;
    const before = given?.get(num)?.count ?? 0;
    given?.set(num, { count: before + count, epoch });
    this.#absentUntilMs.delete(num);
  }

  close(): void {
    for (const { timer } of this.#holds.values()) clearTimeout(timer);
    this.#holds.clear();
  }

  /** Among those who wait here; who was to have it by rights is away. */
  #divideLate(
    how: How,
    { candidates, late }: { readonly candidates: readonly Candidate[]; readonly late: number },
  ): Map<number, number> {
    const { monotonicMs, patienceMs } = this.#options;
    const here = candidates.filter(({ place }) => place !== null);
    const isHere = new Set(here.map(({ num }) => num));
    const untilMs = monotonicMs() + patienceMs * ABSENT_PATIENCES;
    for (const num of chooseWorkers(how, candidates, late).keys()) {
      if (!isHere.has(num)) this.#absentUntilMs.set(num, untilMs);
    }
    return chooseWorkers(how, here, late);
  }

  #isAbsent(num: number): boolean {
    const untilMs = this.#absentUntilMs.get(num);
    if (untilMs === undefined) return false;
    if (untilMs > this.#options.monotonicMs()) return true;
    this.#absentUntilMs.delete(num);
    return false;
  }

  #hold(key: string, sq: number, seqMax: bigint): void {
    if (this.#holds.has(key)) return;
    const { patienceMs, monotonicMs, onPatienceEnded } = this.#options;
    const timer = setTimeout(() => onPatienceEnded(sq), patienceMs);
    this.#holds.set(key, { sinceMs: monotonicMs(), seqMax, timer });
  }

  #endHold(key: string): void {
    clearTimeout(this.#holds.get(key)?.timer);
    this.#holds.delete(key);
  }

  async #look(
    { orgId, requirement }: Subqueue,
    line: Line,
  ): Promise<{ readonly view: View; readonly head: readonly bigint[] }> {
    const { readBoth, readHead, monotonicMs } = this.#options;
    const pool = { orgId, pool: requirement.pool };
    const known = this.#views.get(nameOf(pool));
    const startedMs = monotonicMs();
    if (known !== undefined && known.trustedUntilMs > startedMs) {
      return { view: known, head: await readHead(line, RUNS_MAX) };
    }
    const { workers, head } = await readBoth(pool, line, RUNS_MAX);
    const tookMs = monotonicMs() - startedMs;
    const trustMs = tookMs < VIEW_QUICK_MS ? 0 : tookMs * VIEW_SHARE;
    const view = { workers, trustedUntilMs: startedMs + tookMs + trustMs, given: new Map() };
    this.#views.set(nameOf(pool), view);
    return { view, head };
  }
}

const NO_SETTING: PoolSetting = { strategy: null, threshold: null };

function nameOf({ orgId, pool }: PoolName): string {
  return `${orgId} ${pool}`;
}

function candidatesOf(
  { workers, given }: View,
  of: {
    readonly subqueue: Subqueue;
    readonly how: How;
    readonly waiting: ReadonlyMap<number, Waiting>;
  },
): Candidate[] {
  const { orgId, projectId, requirement } = of.subqueue;
  const candidates: Candidate[] = [];
  for (const worker of workers) {
    if (worker.projectId !== null && worker.projectId !== projectId) continue;
    const { models, labels, version, ramp, num, max } = worker;
    const capabilities = {
      orgId,
      projectId: worker.projectId,
      pool: requirement.pool,
      models,
      labels,
      version,
      ramp,
    };
    if (!serves(capabilities, requirement)) continue;
    const here = of.waiting.get(num);
    const since = given.get(num);
    const active = worker.active + (since?.count ?? 0);
    candidates.push({
      num,
      active,
      max,
      slots: here?.slots ?? Math.max(0, max - active),
      place: here?.place ?? null,
      lastEpoch: since?.epoch ?? worker.lastEpoch,
      score: scoreOf(labels, of.how.preferences),
    });
  }
  return candidates;
}
