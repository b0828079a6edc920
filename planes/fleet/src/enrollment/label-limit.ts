/** What stands for all values beyond the limit. */
export const OTHER = 'other';

/**
 * Keeps the number of series of a metric bounded: the first `max` values are told by name, all later
 * ones together. A name that was given once is kept, so a series never means two things.
 */
export class LabelLimit {
  readonly #max: number;
  readonly #known = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  name(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(value);
    return value;
  }
}
