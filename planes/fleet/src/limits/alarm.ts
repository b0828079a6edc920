/** Calls at a time, once; an earlier time replaces a later one. */
export class Alarm {
  readonly #monotonicMs: () => number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(monotonicMs: () => number, ring: () => void) {
    this.#monotonicMs = monotonicMs;
    this.#ring = ring;
  }

  set(atMs: number | null): void {
    if (atMs === null || atMs >= this.#atMs) return;
    this.close();
    this.#atMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#atMs = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      Math.max(1, atMs - this.#monotonicMs()),
    );
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
