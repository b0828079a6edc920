import type { PicoUsd } from '@sagewai/wire';

/** What there is to tell of a rule. `forecast`: the pace leads beyond the limit. */
export type Mark = `${number}` | 'forecast';

/** Every threshold that spend has reached, the lowest first, and the forecast where it is not reached yet. */
export function findReached(
  of: { readonly spent: PicoUsd; readonly limit: PicoUsd; readonly ahead: PicoUsd | null },
  thresholds: readonly number[],
): Mark[] {
  const { spent, limit, ahead } = of;
  const reached: Mark[] = thresholds
    .toSorted((a, b) => a - b)
    // A limit of nothing is reached by the first that is spent.
    .filter((percent) => spent > 0n && spent * 100n >= limit * BigInt(percent))
    .map((percent): Mark => `${percent}`);
  if (ahead !== null && spent <= limit && ahead > limit) reached.push('forecast');
  return reached;
}
