import type { PicoUsd } from '@sagewai/wire';

import type { SoftLimit } from './soft-limit.ts';

export interface AdvisedHard {
  readonly usdPerDay: PicoUsd | null;
  readonly usdPerMonth: PicoUsd | null;
}

/** The hard limit that lets a soft one act first: a little above it. */
export function adviseHard(
  { dailyPusd, monthlyPusd }: Pick<SoftLimit, 'dailyPusd' | 'monthlyPusd'>,
  marginPercent: number,
): AdvisedHard {
  const above = (soft: PicoUsd | null): PicoUsd | null =>
    soft === null ? null : (soft * BigInt(100 + marginPercent)) / 100n;
  return { usdPerDay: above(dailyPusd), usdPerMonth: above(monthlyPusd) };
}
