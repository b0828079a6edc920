/**
 * Knows which jobs have something to do: one statement asks for all of them.
 *
 * While something is due soon it is asked as often as jobs used to look by themselves, else rarely. What
 * comes up between two looks waits for the next one. An answer lets a job run once.
 */
import type { Statement } from '@sagewai/postgres';

import type { Job } from './job.ts';

export interface DueLooksOptions {
  readonly read: (questions: readonly Statement<unknown>[]) => Promise<(number | null)[]>;
  /** Between two looks while something is due soon, and while nothing is. */
  readonly busyEveryMs: number;
  readonly idleEveryMs: number;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
}

export class DueLooks {
  readonly #options: DueLooksOptions;
  #dueAtMs = new Map<Job, number>();
  #lookedMs = Number.NEGATIVE_INFINITY;
  #underWay: Promise<void> | null = null;

  constructor(options: DueLooksOptions) {
    this.#options = options;
  }

  /** Whether there is something to do for `job`; true where nobody can tell. `all`: whom a look asks for. */
  async isDue(job: Job, all: readonly Job[]): Promise<boolean> {
    if (!this.#dueAtMs.has(job) || this.#isOld()) {
      await (this.#underWay ??= this.#look(all).finally(() => {
        this.#underWay = null;
      }));
    }
    return (this.#dueAtMs.get(job) ?? 0) <= this.#options.monotonicMs();
  }

  /** It looks for itself now: what was known of it is used up. */
  ran(job: Job): void {
    if (this.#dueAtMs.has(job)) this.#dueAtMs.set(job, Number.POSITIVE_INFINITY);
  }

  #isOld(): boolean {
    const { busyEveryMs, idleEveryMs, monotonicMs } = this.#options;
    const now = monotonicMs();
    const isBusy = [...this.#dueAtMs.values()].some((at) => at < this.#lookedMs + idleEveryMs);
    return now - this.#lookedMs >= (isBusy ? busyEveryMs : idleEveryMs);
  }

  async #look(all: readonly Job[]): Promise<void> {
    const { read, monotonicMs, onError } = this.#options;
    const jobs = all.flatMap((job) => (job.due === undefined ? [] : [{ job, due: job.due }]));
    const lookedMs = monotonicMs();
    try {
      const answers = await read(jobs.map(({ due }) => due.inMs()));
      const toAtMs = (inMs: number | null | undefined): number =>
        lookedMs + (inMs ?? Number.POSITIVE_INFINITY);
      this.#dueAtMs = new Map(jobs.map(({ job }, at) => [job, toAtMs(answers[at])]));
    } catch (error) {
      onError(error);
      this.#dueAtMs = new Map(jobs.map(({ job }) => [job, 0]));
    }
    this.#lookedMs = lookedMs;
  }
}
