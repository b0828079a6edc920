import { median } from '../common/statistics.ts';

export interface Verdict {
  readonly early: number;
  readonly late: number;
  readonly isFlat: boolean;
}

/** The collector's pace moves it by as much from one minute to the next. */
const MB_BETWEEN = 15;
const SHARE_BETWEEN = 0.1;

/**
 * Whether memory is flat: the median of the last third against that of the first, in MB. A leak that matters
 * over weeks shows in half an hour of full load as more than what a collector's pace explains.
 */
export function judgeMemory(samplesMb: readonly number[]): Verdict {
  const third = Math.floor(samplesMb.length / 3);
  const early = median(samplesMb.slice(0, third));
  const late = median(samplesMb.slice(-third));
  return { early, late, isFlat: late <= early + Math.max(MB_BETWEEN, early * SHARE_BETWEEN) };
}
