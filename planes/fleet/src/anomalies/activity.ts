import type { ActivityCount } from './anomalies.sql.ts';
import type { CountedKind } from './anomaly.ts';

export interface ActivityOptions {
  readonly write: (counts: readonly ActivityCount[]) => Promise<void>;
  readonly monotonicMs: () => number;
}

/** So many polls in vain a minute are what every idle worker does: they are not worth a row (A2). */
const QUIET_POLLS = 6;
const MINUTE_MS = 60_000;
const WORKERS_MAX = 100_000;

interface Minute {
  readonly startedMs: number;
  polls: number;
}

/** Counts what workers do on this replica, and hands it on in batches (A3). */
export class Activity {
  readonly #options: ActivityOptions;
  #counts = new Map<string, ActivityCount>();
  readonly #minutes = new Map<number, Minute>();
  readonly #lastPolls = new Map<number, string>();

  constructor(options: ActivityOptions) {
    this.#options = options;
  }

  /** A poll was answered with nothing. The same poll, asked again, is one (A1). */
  askedInVain(workerNum: number, pollId: string | null): void {
    if (pollId !== null) {
      if (this.#lastPolls.get(workerNum) === pollId) return;
      if (this.#lastPolls.size > WORKERS_MAX) this.#lastPolls.clear();
      this.#lastPolls.set(workerNum, pollId);
    }
    const now = this.#options.monotonicMs();
    let minute = this.#minutes.get(workerNum);
    if (minute === undefined || now - minute.startedMs >= MINUTE_MS) {
      if (this.#minutes.size > WORKERS_MAX) this.#minutes.clear();
      minute = { startedMs: now, polls: 0 };
      this.#minutes.set(workerNum, minute);
    }
    minute.polls += 1;
    if (minute.polls <= QUIET_POLLS) return;
    // The quiet ones count as soon as there are more.
    this.note(workerNum, 'rate_limit', minute.polls === QUIET_POLLS + 1 ? minute.polls : 1);
  }

  note(workerNum: number, kind: CountedKind, count = 1): void {
    const key = `${workerNum} ${kind}`;
    const before = this.#counts.get(key)?.count ?? 0;
    this.#counts.set(key, { workerNum, kind, count: before + count });
  }

  async flush(): Promise<void> {
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    try {
      await this.#options.write(counts);
    } catch (error) {
      for (const { workerNum, kind, count } of counts) this.note(workerNum, kind, count);
      throw error;
    }
  }
}
