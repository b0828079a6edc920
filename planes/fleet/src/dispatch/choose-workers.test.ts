import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Candidate, chooseWorkers } from './choose-workers.ts';
import { STRATEGIES, type Strategy } from './strategy.ts';

const how = (strategy: Strategy) => ({ strategy, threshold: 0.9, preferences: [] });

const candidate = (num: number, of: Partial<Candidate> = {}): Candidate => ({
  num,
  active: 0,
  max: 10,
  slots: 10,
  place: num,
  lastEpoch: 0n,
  score: 0,
  ...of,
});

/** In the order of waiting: above the threshold, at it, idle and last served, half loaded and first served. */
const four = [
  candidate(1, { active: 10, max: 11, lastEpoch: 30n }),
  candidate(2, { active: 9, lastEpoch: 20n }),
  candidate(3, { active: 0, lastEpoch: 40n }),
  candidate(4, { active: 5, lastEpoch: 10n }),
];

const spread = (strategy: Strategy, runs: number): Record<string, number> =>
  Object.fromEntries(chooseWorkers(how(strategy), four, runs));

describe('chooseWorkers', () => {
  // What each strategy does with the same workers; each line is a test that the other three fail.
  const expected = {
    DIRECT: [{ 1: 1 }, { 1: 2, 2: 2, 3: 1, 4: 1 }],
    ROUND_ROBIN: [{ 4: 1 }, { 1: 1, 2: 2, 3: 1, 4: 2 }],
    LEAST_LOADED: [{ 3: 1 }, { 3: 5, 4: 1 }],
    // Turn by turn; the second would be above it with another.
    THRESHOLD: [{ 2: 1 }, { 2: 1, 3: 3, 4: 2 }],
  } as const satisfies Record<Strategy, readonly [object, object]>;

  test.for(STRATEGIES.flatMap((mine) => [[mine, 1] as const, [mine, 6] as const]))(
    '%s divides %s as no other does',
    ([mine, runs]) => {
      const [one, six] = expected[mine];
      const wanted = runs === 1 ? one : six;
      expect(spread(mine, runs)).toEqual(wanted);
      for (const other of STRATEGIES.filter((each) => each !== mine)) {
        expect(spread(other, runs)).not.toEqual(wanted);
      }
    },
  );

  test('THRESHOLD takes the least loaded when all are above', () => {
    const above = [
      candidate(1, { active: 98, max: 100 }),
      candidate(2, { active: 95, max: 100 }),
      candidate(3, { active: 99, max: 100 }),
    ];
    expect([...chooseWorkers(how('THRESHOLD'), above, 1).keys()]).toEqual([2]);
  });

  test('the threshold itself is not above it', () => {
    const at = [candidate(1, { active: 9 }), candidate(2, { active: 0 })];
    expect([...chooseWorkers(how('THRESHOLD'), at, 1).keys()]).toEqual([1]);
    const above = [candidate(1, { active: 91, max: 100 }), candidate(2, { active: 0 })];
    expect([...chooseWorkers(how('THRESHOLD'), above, 1).keys()]).toEqual([2]);
  });

  test('what is preferred comes before any strategy, while it has room', () => {
    const some = [candidate(1), candidate(2, { active: 8, slots: 2, score: 5, lastEpoch: 9n })];
    for (const strategy of STRATEGIES) {
      expect(chooseWorkers(how(strategy), some, 3)).toEqual(
        new Map([
          [2, 2],
          [1, 1],
        ]),
      );
    }
  });

  test('whoever waits elsewhere has a share, but not before those who wait here have waited longer', () => {
    const some = [candidate(1, { place: null }), candidate(2, { active: 5 })];
    expect([...chooseWorkers(how('DIRECT'), some, 1).keys()]).toEqual([2]);
    expect([...chooseWorkers(how('LEAST_LOADED'), some, 1).keys()]).toEqual([1]);
  });

  test('gives away exactly what there is, and nobody more than it takes', () => {
    const anyOne = fc.record({
      active: fc.nat(20),
      max: fc.integer({ min: 1, max: 20 }),
      slots: fc.nat(5),
      place: fc.option(fc.nat(50)),
      lastEpoch: fc.bigInt({ min: 0n, max: 9n }),
      score: fc.nat(2),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...STRATEGIES),
        fc.array(anyOne, { maxLength: 30 }),
        fc.nat(60),
        (strategy, some, runs) => {
          const all = some.map((each, num) => ({ num, ...each }));
          const counts = chooseWorkers(how(strategy), all, runs);
          const room = all.reduce((sum, { slots }) => sum + slots, 0);
          const given = [...counts.values()].reduce((sum, count) => sum + count, 0);
          expect(given).toBe(Math.min(room, runs));
          for (const [num, count] of counts)
            expect(count).toBeLessThanOrEqual(all[num]?.slots ?? 0);
        },
      ),
    );
  });

  test('looks at no more than it must: the first of a thousand are the same as of all', () => {
    const many = Array.from({ length: 1_000 }, (_, num) =>
      candidate(num, {
        active: num % 10,
        lastEpoch: BigInt((num * 7) % 1_000),
        place: 1_000 - num,
      }),
    );
    for (const strategy of STRATEGIES) {
      const some = chooseWorkers(how(strategy), many, 20);
      let left = many;
      const one = new Map<number, number>();
      for (let run = 0; run < 20; run++) {
        const [num = -1] = chooseWorkers(how(strategy), left, 1).keys();
        one.set(num, (one.get(num) ?? 0) + 1);
        // As a claim would leave it: given last, and at the end of those who wait.
        left = left.map((each) =>
          each.num === num
            ? {
                ...each,
                active: each.active + 1,
                slots: each.slots - 1,
                lastEpoch: BigInt(10_000 + run),
                place: 10_000 + run,
              }
            : each,
        );
      }
      expect(some).toEqual(one);
    }
  });
});
