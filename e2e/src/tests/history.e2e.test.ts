import { randomInt } from 'node:crypto';

import { hasRedis } from '@sagewai/testing/redis-server';
import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { playMonths } from '../history/play-months.ts';
import { playHistory } from '../history/play.ts';

const SECONDS = 30;
const MONTHS_SECONDS = 6;

test('random clients, workers and faults: every promise is kept', async ({ stage }) => {
  const seed = randomInt(2 ** 31);
  console.log(
    `seed ${seed}; npm run check:history -- --redis --seed ${seed} plays it again, and longer`,
  );
  const redis = hasRedis();
  const { broken, counts } = await playHistory(stage, { seed, seconds: SECONDS, redis });
  expect(broken).toEqual([]);
  // A history in which nothing happens keeps every promise.
  for (const what of ['submitted', 'claimed', 'reported', 'called', 'fenced off', 'out of money']) {
    expect({ what, count: counts[what] ?? 0 }).toEqual({
      what,
      count: expect.toSatisfy((n: number) => n > 20),
    });
  }
  expect(counts['left']).toBeGreaterThan(0);
});

test('months of limits that slide, while servers admit: no 30 days have more', async ({
  stage,
}) => {
  const seed = randomInt(2 ** 29) * 4 + 3;
  console.log(`seed ${seed}; npm run check:history -- --seed ${seed} plays it again, and longer`);
  const { broken, counts } = await playMonths(stage, { seed, seconds: MONTHS_SECONDS });
  expect(broken).toEqual([]);
  // Each key has spent at least once, and been refused.
  for (const what of ['calls', 'out of money']) {
    expect({ what, count: counts[what] ?? 0 }).toEqual({
      what,
      count: expect.toSatisfy((n: number) => n > 5),
    });
  }
});
