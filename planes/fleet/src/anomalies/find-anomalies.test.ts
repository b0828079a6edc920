import type { OrganizationId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { DEFAULT_THRESHOLDS, type Suspect, type ThresholdSetting } from './anomaly.ts';
import { findAnomalies, thresholdsOf } from './find-anomalies.ts';

const suspect = (kind: Suspect['kind'], observed: number): Suspect => ({
  orgId: 'o' as OrganizationId,
  workerId: 'w' as WorkerId,
  workerNum: 1,
  pool: 'gpu',
  kind,
  observed,
});

const setting = (of: Partial<ThresholdSetting>): ThresholdSetting => ({
  pool: null,
  claimsPerMinute: null,
  failuresPerHour: null,
  silenceSeconds: null,
  mismatchesPerHour: null,
  windowSeconds: null,
  kindsToRevoke: null,
  ...of,
});

describe('findAnomalies', () => {
  test.each([
    ['rate_limit', 60],
    ['excessive_failures', 10],
    ['heartbeat_timeout', 300],
    ['model_mismatch', 3],
  ] as const)('%s: %i is allowed, one more is not', (kind, allowed) => {
    expect(findAnomalies([suspect(kind, allowed)], () => [])).toEqual([]);
    expect(findAnomalies([suspect(kind, allowed + 1)], () => [])).toMatchObject([
      { kind, allowed },
    ]);
  });
});

test('a pool’s own word counts before the organization’s, and that before the default', () => {
  const settings = [
    setting({ claimsPerMinute: 100, failuresPerHour: 5 }),
    setting({ pool: 'gpu', claimsPerMinute: 500, kindsToRevoke: 0 }),
  ];
  expect(thresholdsOf(settings, 'gpu')).toEqual({
    ...DEFAULT_THRESHOLDS,
    claimsPerMinute: 500,
    failuresPerHour: 5,
    kindsToRevoke: 0,
  });
  expect(thresholdsOf(settings, 'cpu').claimsPerMinute).toBe(100);
  expect(thresholdsOf([], 'cpu')).toEqual(DEFAULT_THRESHOLDS);
});
