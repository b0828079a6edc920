import { setTimeout as pause } from 'node:timers/promises';

import { type BenchName, compare, type Figure } from './figure.ts';
import type { Options } from './options.ts';
import { residentMb } from './process-usage.ts';

const SETTLE_MS = { quick: 2_000, full: 30_000 };

/** Lets the processes rest, so that what is measured is what they keep. */
export async function settle({ quick }: Options): Promise<void> {
  await pause(quick ? SETTLE_MS.quick : SETTLE_MS.full);
}

/** The largest of them, where several run the same program. */
export function residentFigure(
  bench: BenchName,
  metric: string,
  { pids, mbMax }: { pids: readonly number[]; mbMax: number },
): Figure {
  const target = { of: 'ours', bound: 'at most', value: mbMax } as const;
  return compare({ bench, metric, unit: 'MB', target }, [Math.max(...pids.map(residentMb))], null);
}
