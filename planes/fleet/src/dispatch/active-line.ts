/** A line that may have runs. */
export class ActiveLine {
  readonly prio: number;
  /** How many it may have at most, as far as is known. */
  count = 0;
  floor = 0n;
  /** When it was last looked at without a floor. */
  fullLookMs = Number.NEGATIVE_INFINITY;
  /** Grows with every hint: an answer older than the last hint proves nothing. */
  version = 0;
  /** Since when its head has waited, at most. */
  sinceMs: number;

  constructor(prio: number, sinceMs: number) {
    this.prio = prio;
    this.sinceMs = sinceMs;
  }
}

/**
 * The place of a line among those of its project: its priority, and one better for each `agingMs` that its
 * head has waited. So nothing waits for ever behind what is more urgent.
 */
export function urgencyOf(line: ActiveLine, nowMs: number, agingMs: number): number {
  return line.prio - Math.max(0, nowMs - line.sinceMs) / agingMs;
}
