import type { Clock } from '@sagewai/clock';

export interface CredentialCacheOptions<Found> {
  readonly clock: Clock;
  /** Nothing older than this is ever answered. */
  readonly ageMsMax: number;
  readonly entriesMax: number;
  /** Null: there is no such credential. Also remembered, apart from the good ones. */
  readonly load: (credential: string) => Promise<Found | null>;
  /** What may be older while nobody can be asked. */
  readonly away?: {
    readonly ageMsMaxOf: (found: Found) => number;
    /** Whether a look-up failed since nobody answered it. */
    readonly isAway: (error: unknown) => boolean;
  };
}

interface Entry<Found> {
  readonly found: Found | null;
  /** From before it was asked for: what changed meanwhile may not be in it. */
  readonly askedMs: number;
}

/** How long a look-up that nobody answered stands for others. */
const ASK_AGAIN_MS = 250;

/**
 * Remembers what credentials are good for. A credential in use is looked up again at half its age, in
 * the background, so a busy key never waits; those who ask together are answered by one look-up.
 *
 * Keys of the map are hashes of whole credentials: the memory of the process holds no credential,
 * and two that begin alike are two. Wrong credentials are remembered in a map of their own, so a flood
 * of them cannot push out good ones; both maps forget their oldest entry when full.
 */
export class CredentialCache<Found> {
  readonly #options: CredentialCacheOptions<Found>;
  readonly #good = new Map<string, Entry<Found>>();
  readonly #bad = new Map<string, Entry<Found>>();
  #awayMs = -Infinity;
  readonly #asking = new Map<string, Promise<Found | null>>();

  constructor(options: CredentialCacheOptions<Found>) {
    this.#options = options;
  }

  /** A plain value when it is known, so that a request need not wait for a later tick. */
  get(hash: string, credential: string): Found | null | Promise<Found | null> {
    const entry = this.#good.get(hash) ?? this.#bad.get(hash);
    const { clock, ageMsMax } = this.#options;
    const ageMs = entry === undefined ? Infinity : clock.monotonicMs() - entry.askedMs;
    if (entry === undefined) return this.#ask(hash, credential);
    if (ageMs >= ageMsMax) return this.#askUnlessAway(hash, credential, entry);
    if (ageMs >= ageMsMax / 2 && entry.found !== null && !this.#asking.has(hash)) {
      // If it fails, the one who must have it asks again, and sees the failure.
      this.#ask(hash, credential).catch(() => {});
    }
    return entry.found;
  }

  /** Also of look-ups that are under way: what changed just now may not be in them. */
  forgetAll(): void {
    this.#good.clear();
    this.#bad.clear();
    this.#asking.clear();
  }

  /** Whoever finds nobody to ask is answered from before, where that may be so old; it is soon asked again. */
  #askUnlessAway(
    hash: string,
    credential: string,
    { found, askedMs }: Entry<Found>,
  ): Found | null | Promise<Found | null> {
    const { away, clock } = this.#options;
    const ageMsMax = away && found !== null ? away.ageMsMaxOf(found) : 0;
    const isUsable = (): boolean => clock.monotonicMs() - askedMs < ageMsMax;
    if (!isUsable()) return this.#ask(hash, credential);
    const isKnownAway = clock.monotonicMs() - this.#awayMs < ASK_AGAIN_MS;
    if (isKnownAway) return found;
    return this.#ask(hash, credential).catch((error: unknown) => {
      if (away?.isAway(error) !== true || !isUsable()) throw error;
      this.#awayMs = clock.monotonicMs();
      return found;
    });
  }

  #ask(hash: string, credential: string): Promise<Found | null> {
    const underWay = this.#asking.get(hash);
    if (underWay !== undefined) return underWay;
    const askedMs = this.#options.clock.monotonicMs();
    const asking = this.#options.load(credential).then(
      (found) => {
        if (this.#isOver(hash, asking)) this.#keep(hash, { found, askedMs });
        return found;
      },
      (error: unknown) => {
        this.#isOver(hash, asking);
        throw error;
      },
    );
    this.#asking.set(hash, asking);
    return asking;
  }

  /** False: everything was forgotten meanwhile, and others may be asking again. */
  #isOver(hash: string, asking: Promise<Found | null>): boolean {
    return this.#asking.get(hash) === asking && this.#asking.delete(hash);
  }

  #keep(hash: string, entry: Entry<Found>): void {
    this.#good.delete(hash);
    this.#bad.delete(hash);
    (entry.found === null ? this.#bad : this.#good).set(hash, entry);
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const map of [this.#good, this.#bad]) {
      const [oldest] = map.keys();
      if (map.size > this.#options.entriesMax && oldest !== undefined) map.delete(oldest);
    }
  }
}
