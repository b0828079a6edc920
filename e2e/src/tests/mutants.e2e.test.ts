import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { MUTANTS } from '../history/mutants.ts';
import { playHistory } from '../history/play.ts';

const OFTEN = MUTANTS.filter(({ isSlow }) => !isSlow);

test.for(OFTEN)('the history checker fails without $name', async (mutant, { stage }) => {
  const { broken } = await playHistory(stage, {
    seed: 3,
    seconds: 7,
    servers: 1,
    faults: false,
    restSeconds: 6,
    mutant,
  });
  expect(broken.filter((promise) => mutant.expected.test(promise))).not.toEqual([]);
});
