import type { RunId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { inRounds } from './reports.ts';
import type { Report } from './run.ts';

test('two reports of one run are in two rounds, in the order in which they came', () => {
  const report = (runId: string, error: string): Report =>
    ({ runId: runId as RunId, error }) as Report;
  const [a1, b1, a2, a3] = [report('a', '1'), report('b', '1'), report('a', '2'), report('a', '3')];
  expect(inRounds([a1, b1, a2, a3])).toEqual([[a1, b1], [a2], [a3]]);
});
