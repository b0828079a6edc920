/** A line that may have runs. */
export class ActiveLine {
  readonly prio: number;
  /** How many it may have at most, as far as is known. */
  count = 0;
  /** Nothing but what became visible late has a lower number. */
  floor: bigint;
  /** When it was last looked at without a floor. */
  fullLookMs: number;
  /** Grows with every hint: an answer older than the last hint proves nothing. */
  version = 0;
  /** Since when its head has waited, at most. */
  sinceMs: number;

  /** `before`: the line of this priority that was here last. What it knew of its beginning still holds. */
  constructor(prio: number, sinceMs: number, before?: ActiveLine) {
    this.prio = prio;
    this.sinceMs = sinceMs;
    this.floor = before?.floor ?? 0n;
    this.fullLookMs = before?.fullLookMs ?? Number.NEGATIVE_INFINITY;
  }
}

/**
 * The place of a line among those of its project: its priority, and one better for each `agingMs` that its
 * head has waited. So nothing waits for ever behind what is more urgent.
 */
export function urgencyOf(line: ActiveLine, nowMs: number, agingMs: number): number {
  return line.prio - Math.max(0, nowMs - line.sinceMs) / agingMs;
}
