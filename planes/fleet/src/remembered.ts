export interface RememberedOptions<Key, Value> {
  readonly read: (key: Key) => Promise<Value>;
  readonly nameOf: (key: Key) => string;
  /** How long an answer is trusted: how late a change on another replica may be noticed. */
  readonly trustMs: number;
  readonly monotonicMs: () => number;
}

interface Entry<Value> {
  readonly value: Value;
  readonly readMs: number;
}

const ENTRIES_MAX = 10_000;

/** Settings that hot paths need, remembered for a moment: a look is waited for only now and then. */
export class Remembered<Key, Value> {
  readonly #options: RememberedOptions<Key, Value>;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #underWay = new Map<string, Promise<Value>>();
  #forgotten = 0;

  constructor(options: RememberedOptions<Key, Value>) {
    this.#options = options;
  }

  /** Not a promise when it is remembered. */
  find(key: Key): Value | Promise<Value> {
    const name = this.#options.nameOf(key);
    const known = this.#entries.get(name);
    const { trustMs, monotonicMs } = this.#options;
    if (known !== undefined && known.readMs > monotonicMs() - trustMs) return known.value;
    const asked = this.#underWay.get(name) ?? this.#read(key, name);
    this.#underWay.set(name, asked);
    return asked;
  }

  /** It has just changed here. */
  forget(key: Key): void {
    const name = this.#options.nameOf(key);
    this.#entries.delete(name);
    this.#underWay.delete(name);
    this.#forgotten += 1;
  }

  async #read(key: Key, name: string): Promise<Value> {
    // As of before the question: what changes while it is on its way may be missing from the answer.
    const readMs = this.#options.monotonicMs();
    const forgotten = this.#forgotten;
    try {
      const value = await this.#options.read(key);
      if (this.#entries.size > ENTRIES_MAX) this.#entries.clear();
      if (this.#forgotten === forgotten) this.#entries.set(name, { value, readMs });
      return value;
    } finally {
      this.#underWay.delete(name);
    }
  }
}
