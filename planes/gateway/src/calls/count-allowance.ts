import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';

const WINDOW_MS = 60_000;
// More callers than that within a minute share what is left of the map: it is begun anew.
const CALLERS_MAX = 10_000;

/** So many of something a minute for each caller, in memory: a server of several knows only its own. */
export class Allowance {
  readonly #perMinute: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #startedMs = 0;
  #taken = new Map<string, number>();

  constructor(perMinute: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Null: taken; else after how long there is something again. */
  take(name: string): number | null {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#startedMs >= WINDOW_MS || this.#taken.size >= CALLERS_MAX) {
      this.#startedMs = nowMs;
      this.#taken = new Map();
    }
    const taken = this.#taken.get(name) ?? 0;
    if (taken >= this.#perMinute) return this.#startedMs + WINDOW_MS - nowMs;
    this.#taken.set(name, taken + 1);
    return null;
  }
}

export function demandAllowance(allowance: Allowance, { kind, id }: Caller): void {
  const waitMs = allowance.take(`${kind} ${id}`);
  if (waitMs === null) return;
  throw new Fault('rate.exceeded', `too many counts of ${kind} ${id}`, {
    detail:
      'Rate limit reached: too many counts of tokens in this minute (TOKEN_COUNTS_PER_MINUTE).',
    retryAfterMs: waitMs,
  });
}
