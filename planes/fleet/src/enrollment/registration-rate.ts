/**
 * How fast one address may register workers. Buckets are in memory, one set a replica: the limit guards
 * the server's work, it is not a promise to anybody.
 *
 * Who is refused is told when its turn is likely to come: as many as were refused just before are let in
 * first. So fifty workers behind one address that come at once come back spread out.
 */
import { plainAddress } from './allows-address.ts';

export interface Rate {
  readonly perSecond: number;
  /** So many at once. */
  readonly burst: number;
}

export type RegistrationTurn =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused'; readonly retryAfterMs: number };

interface Bucket {
  left: number;
  /** How many have been told to come back, and may not have yet. */
  expected: number;
  readMs: number;
}

const ADDRESSES_MAX = 50_000;
const RETRY_AFTER_MS_MAX = 60_000;

export class RegistrationRate {
  readonly #buckets = new Map<string, Bucket>();

  /** `of` keeps apart what has a rate of its own. */
  take(
    address: string,
    rate: Rate,
    { nowMs, of }: { nowMs: number; of: string },
  ): RegistrationTurn {
    const bucket = this.#bucket(`${of} ${networkOf(address)}`, rate, nowMs);
    if (bucket.left >= 1) {
      bucket.left -= 1;
      return { kind: 'admitted' };
    }
    bucket.expected += 1;
    const waitMs = ((bucket.expected - bucket.left) / rate.perSecond) * 1_000;
    return { kind: 'refused', retryAfterMs: Math.min(RETRY_AFTER_MS_MAX, Math.ceil(waitMs)) };
  }

  #bucket(key: string, { perSecond, burst }: Rate, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    if (known === undefined) {
      if (this.#buckets.size >= ADDRESSES_MAX) this.#forgetOldest();
      const fresh = { left: burst, expected: 0, readMs: nowMs };
      this.#buckets.set(key, fresh);
      return fresh;
    }
    const gained = ((nowMs - known.readMs) / 1_000) * perSecond;
    known.left = Math.min(burst, known.left + gained);
    known.expected = Math.max(0, known.expected - gained);
    known.readMs = nowMs;
    return known;
  }

  /** In the order in which they came first; whoever is forgotten has its burst again. */
  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** A host has a whole /64 of IPv6 addresses to itself: they count as one. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const [head = '', tail = ''] = plain.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - groups.length - last.length)).fill('0');
  return [...groups, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
