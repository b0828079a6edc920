import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type Candidate,
  chooseDeployment,
  pickByWeight,
  rollOf,
  weightsOf,
} from './choose-deployment.ts';
import { STRATEGIES, type Strategy } from './routing.ts';

const candidate = (id: string, of: Partial<Candidate> = {}): Candidate => ({
  id,
  weight: 1,
  order: 0,
  isCooling: false,
  isFull: false,
  inFlight: 0,
  latencyMs: 100,
  tokensThisMinute: 0,
  cost: 10n,
  ...of,
});

const choose = (candidates: readonly Candidate[], strategy: Strategy, of = {}) => {
  const choice = chooseDeployment(candidates, { strategy, roll: 0, tried: new Set(), ...of });
  return choice.chosen === undefined ? undefined : candidates[choice.chosen]?.id;
};

describe('each strategy', () => {
  test.for<[Strategy, Partial<Candidate>, Partial<Candidate>]>([
    ['least-busy', { inFlight: 3 }, { inFlight: 2 }],
    ['latency-based-routing', { latencyMs: 90 }, { latencyMs: 80 }],
    ['latency-based-routing', { latencyMs: 90 }, { latencyMs: null }],
    ['latency-based-routing', { latencyMs: null, inFlight: 1 }, { latencyMs: 900 }],
    ['cost-based-routing', { cost: 11n }, { cost: 10n }],
    ['cost-based-routing', { cost: null }, { cost: 10n }],
    ['usage-based-routing', { tokensThisMinute: 7 }, { tokensThisMinute: 6 }],
    ['simple-shuffle', { weight: 0 }, { weight: 1 }],
  ])('%s prefers the better of two', ([strategy, worse, better]) => {
    const pair = [candidate('worse', worse), candidate('better', better)];
    expect(choose(pair, strategy)).toBe('better');
    expect(choose(pair.toReversed(), strategy)).toBe('better');
  });

  test('passes over what was tried, cools, is full, or is of a later order, and says why', () => {
    const candidates = [
      candidate('tried'),
      candidate('cooling', { isCooling: true }),
      candidate('full', { isFull: true }),
      candidate('slow', { latencyMs: 101 }),
      candidate('later', { order: 2, inFlight: 0 }),
      candidate('busy', { order: 1, inFlight: 5 }),
      candidate('chosen', { order: 1, inFlight: 4 }),
    ];
    const tried = new Set(['tried']);
    expect(
      chooseDeployment(candidates, { strategy: 'least-busy', roll: 0, tried, leftMs: 100 }),
    ).toEqual({
      chosen: 6,
      score: 4,
      passed: [
        { id: 'tried', because: 'tried' },
        { id: 'cooling', because: 'cooling' },
        { id: 'full', because: 'full' },
        { id: 'slow', because: 'slow' },
        { id: 'later', because: 'order' },
        { id: 'busy', because: 'score' },
      ],
    });
  });
});

const anyCandidates = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 0, max: 9 }),
      order: fc.integer({ min: 0, max: 2 }),
      isCooling: fc.boolean(),
      isFull: fc.boolean(),
      inFlight: fc.nat(5),
      latencyMs: fc.option(fc.nat(500)),
      tokensThisMinute: fc.nat(1_000),
      cost: fc.option(fc.bigInt({ min: 0n, max: 1_000n })),
    }),
    { maxLength: 6 },
  )
  .map((all) => all.map((of, index) => candidate(`d${index}`, of)));

test('one is chosen exactly when one is well, it is well, and each other has a reason', () => {
  fc.assert(
    fc.property(
      anyCandidates,
      fc.constantFrom(...STRATEGIES),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: -1, max: 5 }),
      (candidates, strategy, roll, triedIndex) => {
        const tried = new Set([`d${triedIndex}`]);
        const isWell = (each: Candidate | undefined): boolean =>
          each !== undefined && !each.isCooling && !each.isFull && !tried.has(each.id);
        const { chosen, passed } = chooseDeployment(candidates, { strategy, roll, tried });
        expect(chosen !== undefined).toBe(candidates.some(isWell));
        if (chosen === undefined) expect(passed).toHaveLength(candidates.length);
        else expect(isWell(candidates[chosen])).toBe(true);
        expect(new Set(passed.map(({ id }) => id)).size).toBe(passed.length);
        expect(passed.some(({ id }) => id === candidates[chosen ?? -1]?.id)).toBe(false);
      },
    ),
  );
});

test('two alike take turns, and weights are kept to within two of any 64 turns', () => {
  const two = Array.from({ length: 6 }, (_, turn) => pickByWeight([1, 1], rollOf(turn)));
  expect(two).toEqual([0, 1, 0, 1, 0, 1]);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }),
      fc.nat(2 ** 30 - 1),
      (weights, start) => {
        const sum = weights.reduce((total, weight) => total + weight, 0);
        fc.pre(sum > 0);
        const counts = weights.map(() => 0);
        for (let turn = 0; turn < 64; turn++) {
          const index = pickByWeight(weights, rollOf(start + turn));
          counts[index] = (counts[index] ?? 0) + 1;
        }
        for (const [index, weight] of weights.entries()) {
          expect(Math.abs((counts[index] ?? 0) - (64 * weight) / sum)).toBeLessThanOrEqual(2);
          if (weight === 0) expect(counts[index]).toBe(0);
        }
      },
    ),
  );
});

test('weights are as stated, else by requests, else by tokens; who does not say is the least', () => {
  const of = (weight: number | null, rpm: number | null, tpm: number | null) => ({
    weight,
    requestsPerMinute: rpm,
    tokensPerMinute: tpm,
  });
  expect(weightsOf([of(2, 100, null), of(null, 5, null), of(3, null, null)])).toEqual([2, 2, 3]);
  expect(weightsOf([of(null, 100, 9), of(null, null, 7), of(null, 50, 1)])).toEqual([100, 50, 50]);
  expect(weightsOf([of(null, null, 9), of(null, null, null)])).toEqual([9, 9]);
  expect(weightsOf([of(null, null, null), of(null, null, null)])).toEqual([1, 1]);
});
