import type { Requirement } from '../matching/match-class.ts';
import type { Preference } from '../matching/selector.ts';
import type { WirePolicy } from '../runs/retry-policy.ts';
import type { Ramp } from '../workers/version.ts';

/**
 * Which of the workers that may have a run gets it.
 *
 * - DIRECT: who has waited longest.
 * - ROUND_ROBIN: who was given a run least recently.
 * - LEAST_LOADED: who has the smallest share of its slots in use.
 * - THRESHOLD: who has waited longest of those whose share is not above the threshold; the least loaded
 *   when all are above.
 */
export const STRATEGIES = ['DIRECT', 'ROUND_ROBIN', 'LEAST_LOADED', 'THRESHOLD'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const CAPACITY_THRESHOLD_DEFAULT = 0.9;

/** What a pool does where a run says nothing. */
export interface PoolSetting {
  readonly strategy: Strategy | null;
  readonly threshold: number | null;
  /** Left out: it ramps no version. */
  readonly ramp?: Ramp;
  /** What its runs follow that bring no policy; left out: none. */
  readonly retry?: WirePolicy;
}

export const NO_POOL_SETTING: PoolSetting = { strategy: null, threshold: null };

/** How the workers for the runs of one class are chosen. */
export interface How {
  readonly strategy: Strategy;
  readonly threshold: number;
  readonly preferences: readonly Preference[];
}

const NONE: readonly Preference[] = [];

export function howOf({ routing }: Requirement, pool: PoolSetting): How {
  return {
    strategy: routing?.strategy ?? pool.strategy ?? 'DIRECT',
    threshold: routing?.threshold ?? pool.threshold ?? CAPACITY_THRESHOLD_DEFAULT,
    preferences: routing?.preferences ?? NONE,
  };
}

/** Whoever asks first may have it: nothing is to be weighed. */
export function isPlain({ strategy, preferences }: How): boolean {
  return strategy === 'DIRECT' && preferences.length === 0;
}

/** In any case, with - for _. Null: there is no such strategy. */
export function readStrategy(text: string): Strategy | null {
  const name = text.trim().toUpperCase().replaceAll('-', '_');
  return STRATEGIES.find((strategy) => strategy === name) ?? null;
}
