export type Drained =
  | { readonly kind: 'drained' }
  | { readonly kind: 'cut'; readonly left: number };

/** Counts what is in flight, and ends it in order. */
export class Drain {
  readonly #starting = new AbortController();
  #inFlight = 0;
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
    if (this.#inFlight === 0) this.#emptied?.();
  }

  /** Waits until nothing is in flight, at most `limitMs`. */
  async start(limitMs: number): Promise<Drained> {
    this.#starting.abort();
    if (this.#inFlight > 0) await this.#empty(limitMs);
    return this.#inFlight === 0 ? { kind: 'drained' } : { kind: 'cut', left: this.#inFlight };
  }

  #empty(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#emptied = resolve;
    return promise.finally(() => clearTimeout(timer));
  }
}
