import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { openStage } from '../harness/stage.ts';
import { type Mutant, MUTANTS } from '../history/mutants.ts';
import { playHistory } from '../history/play.ts';

const OFTEN = MUTANTS.filter(({ isSlow }) => !isSlow);
/** A history of seconds can pass by what a line guards: another one is played then. */
const SEEDS = [3, 5, 8];

test.for(OFTEN)('the history checker fails without $name', async (mutant) => {
  const noticed: string[] = [];
  for (const seed of SEEDS) {
    if (noticed.length === 0) noticed.push(...(await brokenBy(mutant, seed)));
  }
  expect(noticed).not.toEqual([]);
});

/** Broken promises of the mutant's kind. */
async function brokenBy(mutant: Mutant, seed: number): Promise<string[]> {
  const stage = await openStage();
  try {
    const short = { seconds: 7, servers: 1, faults: false, restSeconds: 6 };
    const { broken } = await playHistory(stage, { ...short, seed, mutant });
    return broken.filter((promise) => mutant.expected.test(promise));
  } finally {
    await stage.close();
  }
}
