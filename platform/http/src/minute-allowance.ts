const WINDOW_MS = 60_000;
const KEYS_MAX = 10_000;

interface Count {
  recorded: number;
  suppressed: number;
}

/** Whether to write it down, and how many before it were not. */
export type Admission = { kind: 'record'; suppressed: number } | { kind: 'suppress' };

/**
 * So many lines a minute for each key, in bounded memory. Nothing is dropped in silence: the next line
 * of the same key in a later minute says how many were suppressed before it.
 */
export class MinuteAllowance {
  readonly #limit: number;
  readonly #counts = new Map<string, Count>();
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admit(key: string, nowMs: number): Admission {
    if (nowMs - this.#startedMs >= WINDOW_MS) this.#turn(nowMs);
    const count = this.#countOf(key);
    if (count.recorded >= this.#limit) {
      count.suppressed += 1;
      return { kind: 'suppress' };
    }
    const { suppressed } = count;
    count.recorded += 1;
    count.suppressed = 0;
    return { kind: 'record', suppressed };
  }

  #turn(nowMs: number): void {
    this.#startedMs = nowMs;
    for (const [key, count] of this.#counts) {
      if (count.suppressed === 0) this.#counts.delete(key);
      else count.recorded = 0;
    }
  }

  /** Beyond so many keys a minute the rest share one count. */
  #countOf(key: string): Count {
    const kept = this.#counts.has(key) || this.#counts.size < KEYS_MAX ? key : '…';
    const count = this.#counts.get(kept) ?? { recorded: 0, suppressed: 0 };
    this.#counts.set(kept, count);
    return count;
  }
}
