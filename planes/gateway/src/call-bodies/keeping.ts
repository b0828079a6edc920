/**
 * Which projects keep what calls say. A call waits for it only where that may cost somebody something: the first one
 * of all, and those of a project that kept until now, which may have said otherwise since.
 */
import type { Clock } from '@sagewai/clock';

/** Days by project. */
export type Keeping = ReadonlyMap<string, number>;

interface KeepingOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly ageMsMax: number;
  /** Rejects: nothing is kept, and it is not asked again within the age. */
  readonly load: () => Promise<Keeping>;
}

export class KnownKeeping {
  readonly #options: KeepingOptions;
  #known: Keeping | null = null;
  #readMs = -Infinity;
  #reading: Promise<void> | null = null;

  constructor(options: KeepingOptions) {
    this.#options = options;
  }

  /** Undefined: nothing is kept. A promise only where it is waited for. */
  daysOf(projectId: string): number | undefined | Promise<number | undefined> {
    const { clock, ageMsMax } = this.#options;
    const known = this.#known?.get(projectId);
    if (clock.monotonicMs() - this.#readMs < ageMsMax) return known;
    const reading = (this.#reading ??= this.#read());
    const mayGo = this.#known !== null && known === undefined;
    return mayGo ? undefined : reading.then(() => this.#known?.get(projectId));
  }

  forget(): void {
    this.#known = null;
    this.#readMs = -Infinity;
    this.#reading = null;
  }

  #read(): Promise<void> {
    const { clock, load } = this.#options;
    const reading = load()
      .catch(() => new Map<string, number>())
      .then((read) => {
        // What was forgotten meanwhile is not remembered again.
        if (this.#reading !== reading) return;
        this.#known = read;
        this.#readMs = clock.monotonicMs();
        this.#reading = null;
      });
    return reading;
  }
}
