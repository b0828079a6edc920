export type Drained =
  | { readonly kind: 'drained' }
  | { readonly kind: 'cut'; readonly left: number };

/**
 * Counts what is in flight, and ends it in order. A request is over when its answer is; what was begun for it may
 * last longer, as nobody waits for the answer any more: it counts too, since it may still need the database.
 */
export class Drain {
  readonly #starting = new AbortController();
  #inFlight = 0;
  #atWork = 0;
  #emptied: (() => void) | undefined;

  /** Aborts when draining starts. */
  get signal(): AbortSignal {
    return this.#starting.signal;
  }

  get isDraining(): boolean {
    return this.#starting.signal.aborted;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
    this.#look();
  }

  /** Until this is settled, nothing that requests use may be closed. It never rejects. */
  during(work: Promise<void>): void {
    this.#atWork += 1;
    void work.then(this.#endWork, this.#endWork);
  }

  /** Waits until nothing is in flight and nobody is at work, at most `limitMs`. */
  async start(limitMs: number): Promise<Drained> {
    this.#starting.abort();
    if (this.#left > 0) await this.#empty(limitMs);
    return this.#left === 0 ? { kind: 'drained' } : { kind: 'cut', left: this.#left };
  }

  /** Who works for a request that is in flight is one with it. */
  get #left(): number {
    return Math.max(this.#inFlight, this.#atWork);
  }

  readonly #endWork = (): void => {
    this.#atWork -= 1;
    this.#look();
  };

  #look(): void {
    if (this.#left === 0) this.#emptied?.();
  }

  #empty(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#emptied = resolve;
    return promise.finally(() => clearTimeout(timer));
  }
}
