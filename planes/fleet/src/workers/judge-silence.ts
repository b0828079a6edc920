export interface Silence {
  /** Workers that hold runs. */
  readonly holders: number;
  /** Those of them that have been silent for so long that they would lose their runs. */
  readonly silent: number;
}

export interface SilencePatience {
  readonly workerSilenceMs: number;
  /** With a greater part of the holders silent at once, it is not the workers that are gone. */
  readonly massSilenceShare: number;
  /** Fewer than this are never a mass. */
  readonly massSilenceWorkers: number;
}

/**
 * How long a worker may be silent before its runs go to others. When many fall silent at once, the network or
 * the server was away rather than each of them: they are given the same time again, and not more, so that
 * workers that are really gone lose their runs in the end.
 */
export function patienceMs({ holders, silent }: Silence, of: SilencePatience): number {
  const isMass = silent >= of.massSilenceWorkers && silent > holders * of.massSilenceShare;
  return isMass ? 2 * of.workerSilenceMs : of.workerSilenceMs;
}
