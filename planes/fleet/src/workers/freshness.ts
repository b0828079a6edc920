/** How long what was heard of a worker counts. */
export interface Freshness {
  /** A worker that was heard within so long is there. */
  readonly heardMs: number;
  /** P2. A probe that is older says nothing any more. */
  readonly probeStaleMs: number;
}

export const freshnessOf = (settings: {
  readonly workerSilenceMs: number;
  readonly probeStaleMs: number;
}): Freshness => ({ heardMs: settings.workerSilenceMs, probeStaleMs: settings.probeStaleMs });
