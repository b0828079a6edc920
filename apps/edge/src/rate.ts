/** Tokens of one client at an instant. */
interface Bucket {
  tokens: number;
  atMs: number;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export type Admitted =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'late'; readonly retryAfterMs: number };

const CLIENTS_MAX = 50_000;
const ADMITTED: Admitted = { kind: 'admitted' };

/** A token bucket for each client, in bounded memory: whoever was seen longest ago is forgotten first. */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #clientsMax: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clientsMax = CLIENTS_MAX) {
    this.#rate = rate;
    this.#clientsMax = clientsMax;
  }

  admit(client: string, nowMs: number): Admitted {
    const { perSecond, burst } = this.#rate;
    const known = this.#buckets.get(client);
    const gained = known === undefined ? burst : ((nowMs - known.atMs) * perSecond) / 1_000;
    const tokens = Math.min(burst, (known?.tokens ?? 0) + gained);
    // Put at the end: the map's order is that of the last visit.
    this.#buckets.delete(client);
    const isAdmitted = tokens >= 1;
    this.#buckets.set(client, { tokens: isAdmitted ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > this.#clientsMax) this.#forgetOldest();
    if (isAdmitted) return ADMITTED;
    return { kind: 'late', retryAfterMs: Math.ceil(((1 - tokens) / perSecond) * 1_000) };
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
