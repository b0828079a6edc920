import type { Clock } from '@sagewai/clock';

const REMEMBERED_MAX = 10_000;

interface Remembered<Value> {
  readonly value: Value;
  readonly readMs: number;
}

interface Asking<Value> {
  readonly answer: Promise<Value | null>;
  readonly readMs: number;
}

/**
 * What was read of credentials, for a moment, counted from before the database was asked: so that what
 * ended is refused everywhere within a second (A1). Requests that ask for the same together ask once.
 */
export class CallerMemory<Value> {
  readonly #clock: Clock;
  readonly #trustMs: number;
  readonly #remembered = new Map<string, Remembered<Value>>();
  readonly #asking = new Map<string, Asking<Value>>();

  constructor(of: { readonly clock: Clock; readonly trustMs: number }) {
    this.#clock = of.clock;
    this.#trustMs = of.trustMs;
  }

  /** From memory when that is recent, else from `read`; what is null is asked for again. */
  get(key: string, read: () => Promise<Value | null>): Value | Promise<Value | null> {
    const known = this.#remembered.get(key);
    if (known && this.#isFresh(known)) return known.value;
    this.#remembered.delete(key);
    const asked = this.#asking.get(key);
    if (asked && this.#isFresh(asked)) return asked.answer;
    const readMs = this.#clock.monotonicMs();
    const answer = this.#read(key, read, readMs).finally(() => {
      if (this.#asking.get(key)?.answer === answer) this.#asking.delete(key);
    });
    this.#asking.set(key, { answer, readMs });
    return answer;
  }

  forget(isMeant: (value: Value) => boolean): void {
    for (const [key, { value }] of this.#remembered) {
      if (isMeant(value)) this.#remembered.delete(key);
    }
  }

  async #read(
    key: string,
    read: () => Promise<Value | null>,
    readMs: number,
  ): Promise<Value | null> {
    const value = await read();
    if (value === null) return null;
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(key, { value, readMs });
    return value;
  }

  #isFresh({ readMs }: { readonly readMs: number }): boolean {
    return this.#clock.monotonicMs() - readMs < this.#trustMs;
  }
}
