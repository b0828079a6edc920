import type { AnomalyKind } from '@sagewai/wire';

import {
  DEFAULT_THRESHOLDS,
  type Suspect,
  type Thresholds,
  type ThresholdSetting,
} from './anomaly.ts';

/** What holds for a pool: its own word before the organization's, and that before the default. */
export function thresholdsOf(settings: readonly ThresholdSetting[], pool: string): Thresholds {
  const own = settings.find((setting) => setting.pool === pool);
  const all = settings.find((setting) => setting.pool === null);
  const names = Object.keys(DEFAULT_THRESHOLDS) as (keyof Thresholds)[];
  return Object.fromEntries(
    names.map((name) => [name, own?.[name] ?? all?.[name] ?? DEFAULT_THRESHOLDS[name]]),
  ) as unknown as Thresholds;
}

export interface Finding extends Suspect {
  readonly allowed: number;
  readonly thresholds: Thresholds;
}

const ALLOWED = {
  rate_limit: ({ claimsPerMinute }) => claimsPerMinute,
  excessive_failures: ({ failuresPerHour }) => failuresPerHour,
  heartbeat_timeout: ({ silenceSeconds }) => silenceSeconds,
  model_mismatch: ({ mismatchesPerHour }) => mismatchesPerHour,
} as const satisfies Record<AnomalyKind, (thresholds: Thresholds) => number>;

/** Suspects that are above what they are allowed; at the threshold is still allowed. */
export function findAnomalies(
  suspects: readonly Suspect[],
  settingsOf: (orgId: Suspect['orgId']) => readonly ThresholdSetting[],
): Finding[] {
  return suspects.flatMap((suspect) => {
    const thresholds = thresholdsOf(settingsOf(suspect.orgId), suspect.pool);
    const allowed = ALLOWED[suspect.kind](thresholds);
    return suspect.observed > allowed ? [{ ...suspect, allowed, thresholds }] : [];
  });
}
