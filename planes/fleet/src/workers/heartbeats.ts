import type { Heartbeat, HeartbeatAnswer, LeaseName } from '../dispatch/leases.sql.ts';
import { GroupCommit } from '../group-commit.ts';
import type { CallingWorker } from './worker.ts';

export interface HeartbeatsOptions {
  /** At most one a worker. */
  readonly beat: (heartbeats: readonly Heartbeat[]) => Promise<HeartbeatAnswer[]>;
  /** Gives back leases that their worker does not know of. */
  readonly giveBack: (leases: readonly LeaseName[]) => Promise<unknown>;
  /** Other calls of a worker are a sign of life too, at most this often. */
  readonly signEveryMs: number;
  /** Signs of life are written together, no more often than this. */
  readonly paceMs: number;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
}

const SESSIONS_MAX = 100_000;
const URGENT_PACE_MS = 1_000;
/** Ours are ten paces apart; one that comes after half of that is of a worker in more of a hurry. */
const PACES_A_BEAT = 5;

/** Signs of life, by group commit: their cost grows with neither the workers nor their runs. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #commits: GroupCommit<Heartbeat, HeartbeatAnswer>;
  readonly #signedMs = new Map<number, number>();
  readonly #beatMs = new Map<number, number>();
  readonly #urgent = new WeakSet<Heartbeat>();

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#commits = new GroupCommit({
      commit: (batch) => options.beat(batch),
      weightMax: 5_000,
      lanes: 1,
      keysOf: ({ workerNum }) => [String(workerNum)],
      pace: {
        everyMs: options.paceMs,
        monotonicMs: options.monotonicMs,
        isUrgent: (heartbeat) => this.#urgent.has(heartbeat),
        urgentEveryMs: Math.min(URGENT_PACE_MS, options.paceMs),
      },
    });
  }

  async beat(heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    this.#note(heartbeat.workerNum);
    if (this.#isHurried(heartbeat.workerNum)) this.#urgent.add(heartbeat);
    const answer = await this.#commits.add(heartbeat);
    if (answer.unheld.length > 0) await this.#options.giveBack(answer.unheld);
    return answer;
  }

  /** What waits for its pace is written now: afterwards there is no database any more. */
  close(): Promise<void> {
    return this.#commits.settle();
  }

  /** Unknown here, or with an interval of its own that is shorter than ours: it gives up long before. */
  #isHurried(workerNum: number): boolean {
    const { paceMs, monotonicMs } = this.#options;
    const last = this.#beatMs.get(workerNum);
    const now = monotonicMs();
    if (this.#beatMs.size > SESSIONS_MAX) this.#beatMs.clear();
    this.#beatMs.set(workerNum, now);
    return last === undefined || now - last < PACES_A_BEAT * paceMs;
  }

  /** The worker has called for something else; nobody waits for this to be written. */
  sign({ record, sessionEpoch }: CallingWorker): void {
    const last = this.#signedMs.get(record.num);
    const now = this.#options.monotonicMs();
    if (last !== undefined && now - last < this.#options.signEveryMs) return;
    this.#note(record.num);
    this.#commits
      .add({ workerNum: record.num, sessionEpoch, runs: null })
      .catch(this.#options.onError);
  }

  #note(workerNum: number): void {
    if (this.#signedMs.size > SESSIONS_MAX) this.#signedMs.clear();
    this.#signedMs.set(workerNum, this.#options.monotonicMs());
  }
}
