export interface GroupCommitOptions<Item, Answer> {
  /** Stores all or nothing, and answers each in its place. */
  readonly commit: (batch: readonly Item[]) => Promise<readonly Answer[]>;
  /** How much of a batch an item is; 1 unless said. */
  readonly weightOf?: (item: Item) => number;
  readonly weightMax: number;
  /** How many batches may be on their way at once. */
  readonly lanes: number;
  /** Two items with one key never share a batch; undefined: with any. */
  readonly keysOf?: (item: Item) => Iterable<string>;
  /** What can wait does, so that there are no more batches than one in a while however many come. */
  readonly pace?: Pace<Item>;
}

export interface Pace<Item> {
  /** From the start of a batch to that of the next, unless that is full or has something urgent. */
  readonly everyMs: number;
  readonly monotonicMs: () => number;
  readonly isUrgent?: (item: Item) => boolean;
  /** For a batch with something urgent; at once unless said. */
  readonly urgentEveryMs?: number;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what arrives while a batch is on its way is the next batch. So a batch grows with the
 * load, one that is alone waits for nobody, and an answer is given only after its batch is committed.
 */
export class GroupCommit<Item, Answer> {
  readonly #options: GroupCommitOptions<Item, Answer>;
  #waiting: Waiting<Item, Answer>[] = [];
  #busy = 0;
  #woken = false;
  #sentMs = Number.NEGATIVE_INFINITY;
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;
  #wakesAtMs = 0;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor(options: GroupCommitOptions<Item, Answer>) {
    this.#options = options;
  }

  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#isUrgent ||= this.#options.pace?.isUrgent?.(item) === true;
      this.#wake();
    });
  }

  /** Nothing waits for its pace any more. Resolves when all that was added is answered. */
  async settle(): Promise<void> {
    this.#settled ??= Promise.withResolvers<void>();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake();
    if (this.#waiting.length === 0 && this.#busy === 0) this.#settled.resolve();
    await this.#settled.promise;
  }

  /** At the end of this turn of the event loop, so that what arrives together goes together. */
  #wake(): void {
    if (this.#woken || this.#busy >= this.#options.lanes) return;
    const waitMs = this.#pauseMs();
    if (waitMs > 0) {
      this.#wakeIn(waitMs);
      return;
    }
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      while (this.#waiting.length > 0 && this.#busy < this.#options.lanes) void this.#send();
    });
  }

  /** Something urgent may come while the rest is waiting for longer. */
  #wakeIn(waitMs: number): void {
    const atMs = (this.#options.pace?.monotonicMs() ?? 0) + waitMs;
    if (this.#timer !== undefined && this.#wakesAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#wakesAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake();
    }, waitMs);
  }

  #pauseMs(): number {
    const { pace, weightMax } = this.#options;
    if (pace === undefined || this.#settled !== undefined) return 0;
    if (this.#waiting.length >= weightMax) return 0;
    const { everyMs, urgentEveryMs = 0, monotonicMs } = pace;
    return this.#sentMs + (this.#isUrgent ? urgentEveryMs : everyMs) - monotonicMs();
  }

  async #send(): Promise<void> {
    this.#sentMs = this.#options.pace?.monotonicMs() ?? 0;
    this.#isUrgent = false;
    const batch = this.#nextBatch();
    this.#busy += 1;
    await this.#commit(batch);
    this.#busy -= 1;
    if (this.#waiting.length > 0) this.#wake();
    else if (this.#busy === 0) this.#settled?.resolve();
  }

  #nextBatch(): Waiting<Item, Answer>[] {
    const { weightOf, weightMax, keysOf } = this.#options;
    const batch: Waiting<Item, Answer>[] = [];
    const later: Waiting<Item, Answer>[] = [];
    const keys = new Set<string>();
    let weight = 0;
    for (const waiting of this.#waiting) {
      const more = weightOf?.(waiting.item) ?? 1;
      const own = keysOf === undefined ? [] : [...keysOf(waiting.item)];
      const fits = batch.length === 0 || weight + more <= weightMax;
      if (!fits || own.some((key) => keys.has(key))) {
        later.push(waiting);
        continue;
      }
      batch.push(waiting);
      weight += more;
      for (const key of own) keys.add(key);
    }
    this.#waiting = later;
    return batch;
  }

  async #commit(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.commit(batch.map(({ item }) => item));
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      // One item that the database refuses must not take its neighbours with it.
      if (batch.length === 1 || !isAboutData(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.#commit(batch.slice(0, half));
      await this.#commit(batch.slice(half));
    }
  }
}

/** SQLSTATE of a deadlock, of wrong data, of a broken constraint, of a limit exceeded, a full queue, or an assertion. */
function isAboutData(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(?:40P01|40001|22...|23...|54...|P0004|QF429)$/.test(code);
}
