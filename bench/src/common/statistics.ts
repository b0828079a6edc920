/** The value below which `share` (0–1) of the values lie; NaN of nothing. Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length) - 1;
  return sorted[Math.max(0, rank)] ?? Number.NaN;
}

/** The middle value; the mean of the middle two when they are even in number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[(sorted.length >> 1) - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The median of the ratios of values measured in the same round. Neighbours in time share what the
 * machine was doing, so their ratio holds still where both of its sides swing.
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  const pairs = Math.min(ours.length, theirs.length);
  const ratios = Array.from(
    { length: pairs },
    (_, round) => (ours[round] ?? Number.NaN) / (theirs[round] ?? Number.NaN),
  );
  return median(ratios.filter(Number.isFinite));
}
