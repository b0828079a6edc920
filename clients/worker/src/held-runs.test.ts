import { expect, test } from 'vitest';

import { createHeldRuns } from './held-runs.ts';
import type { Lease } from './lease.ts';

const lease = (n: number): Lease => ({
  runId: `run ${n}`,
  epoch: n,
  orgId: 'org',
  projectId: 'project',
  model: null,
  payload: {},
  contentKey: null,
  runToken: '',
  resume: null,
});

test('every run is named before the first instruction of any (C1)', async () => {
  const seen: string[] = [];
  const held = createHeldRuns({
    run: ({ runId }) => {
      seen.push(runId);
      return Promise.resolve();
    },
    onBegun: () => seen.push(`named ${held.names.map(({ runId }) => runId).join(', ')}`),
    onEnded: () => seen.push(`${held.size} left`),
  });
  held.begin([lease(1), lease(2)]);
  await held.allEnded();
  expect(seen).toEqual(['named run 1, run 2', 'run 1', 'run 2', '1 left', '0 left']);
});

test('the end of an earlier attempt leaves the later one of the same run', async () => {
  const ends = new Map<number, () => void>();
  const held = createHeldRuns({
    run: ({ epoch }) => new Promise((resolve) => void ends.set(epoch, resolve)),
    onBegun: () => undefined,
    onEnded: () => undefined,
  });
  held.begin([lease(1), { ...lease(1), epoch: 9 }]);
  ends.get(1)?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(held.names.map(({ epoch }) => epoch)).toEqual([9]);
  ends.get(9)?.();
  await held.allEnded();
  expect(held.size).toBe(0);
});
