import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FairShare } from './fair-share.ts';
import { RunCosts } from './run-costs.ts';

const always = (): number => Number.POSITIVE_INFINITY;
const one = (): number => 1;
const weights = fc.array(fc.constantFrom(0.25, 0.5, 1, 1.5, 2, 4), { minLength: 1, maxLength: 6 });
const costs = fc.array(fc.constantFrom(0.01, 0.5, 1, 7, 100), { minLength: 6, maxLength: 6 });
const slots = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 });

function seat(all: readonly number[]): FairShare<number> {
  const share = new FairShare<number>({ weightOf: (member) => all[member] ?? 1 });
  for (const member of all.keys()) share.join(member);
  return share;
}

describe('FairShare', () => {
  test('gives two that always want what their weights say, within a run of each, however slots come (F5)', () => {
    fc.assert(
      fc.property(weights, costs, slots, (all, costOf, calls) => {
        const share = seat(all);
        const got = all.map(() => 0);
        const cost = (member: number): number => costOf[member] ?? 1;
        for (const count of calls) {
          for (const [member, taken] of share.take(count, always, cost)) {
            got[member] = (got[member] ?? 0) + (taken * cost(member)) / (all[member] ?? 1);
          }
          for (const [member, weight] of all.entries()) {
            for (const [other, heavier] of all.entries()) {
              const apart = Math.abs((got[member] ?? 0) - (got[other] ?? 0));
              expect(apart).toBeLessThanOrEqual(
                cost(member) / weight + cost(other) / heavier + 1e-6,
              );
            }
          }
        }
      }),
    );
  });

  test('shares worker-seconds by weight, though runs of one take a thousand times as long (F5)', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            weight: fc.constantFrom(0.5, 1, 2, 3),
            mean: fc.constantFrom(0.5, 2, 20, 100),
          }),
          {
            minLength: 2,
            maxLength: 4,
          },
        ),
        fc.integer(),
        (projects, seed) => {
          const seconds = simulate(projects, { seed, workers: 8, untilSeconds: 10_000 });
          const served = seconds.reduce((sum, each) => sum + each, 0);
          const weight = projects.reduce((sum, each) => sum + each.weight, 0);
          for (const [at, project] of projects.entries()) {
            expect((seconds[at] ?? 0) / served).toBeCloseTo(project.weight / weight, 1);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test('divides every slot while anybody wants one, and gives nobody more than it wants', () => {
    fc.assert(
      fc.property(
        weights,
        fc.array(fc.nat(20), { maxLength: 6 }),
        fc.nat(60),
        (all, wants, count) => {
          const wanted = (member: number): number => wants[member] ?? 0;
          const taken = seat(all).take(count, wanted, one);
          const sum = [...taken.values()].reduce((total, each) => total + each, 0);
          const demand = all.reduce((total, _, member) => total + wanted(member), 0);
          expect(sum).toBe(Math.min(count, demand));
          for (const [member, got] of taken) expect(got).toBeLessThanOrEqual(wanted(member));
        },
      ),
    );
  });

  test('never starves one that came late, nor lets it catch up on the past (F5)', () => {
    const share = seat([1]);
    share.take(1_000, always, one);
    share.join(1);
    const taken = share.take(100, always, one);
    expect(Math.abs((taken.get(0) ?? 0) - (taken.get(1) ?? 0))).toBeLessThanOrEqual(2);
  });

  test('lets nobody save up what it did not want, nor forget by leaving what it had (F5)', () => {
    const share = seat([1, 1]);
    share.take(1_000, (member) => (member === 0 ? 1_000 : 0), one);
    const after = share.take(100, always, one);
    expect(Math.abs((after.get(0) ?? 0) - (after.get(1) ?? 0))).toBeLessThanOrEqual(2);
    share.charge(0, 20);
    share.leave(0);
    share.join(0);
    expect(share.take(20, always, one).get(0) ?? 0).toBeLessThanOrEqual(1);
  });

  test('keeps the turns of the others when one leaves', () => {
    const share = seat([1, 1, 1]);
    share.take(1, always, one);
    share.leave(0);
    expect(share.take(4, always, one)).toEqual(
      new Map([
        [1, 2],
        [2, 2],
      ]),
    );
  });

  test('credits what could not be used, and charges what was given elsewhere', () => {
    const share = seat([1, 1]);
    const first = share.take(4, always, one);
    share.charge(0, -(first.get(0) ?? 0));
    expect(share.take(2, always, one).get(0)).toBe(2);
    share.charge(0, 10);
    expect(share.take(8, always, one).get(1)).toBe(8);
  });
});

/** Projects that always have runs, of random length about their mean, on so many workers. */
function simulate(
  projects: readonly { readonly weight: number; readonly mean: number }[],
  of: { readonly seed: number; readonly workers: number; readonly untilSeconds: number },
): number[] {
  let state = of.seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const costsOf = new RunCosts();
  const share = new FairShare<number>({ weightOf: (at) => projects[at]?.weight ?? 1 });
  for (const at of projects.keys()) share.join(at);
  const seconds = projects.map(() => 0);
  const workers = Array.from({ length: of.workers }, () => ({ freeAt: 0, at: -1, took: 0 }));
  for (;;) {
    const worker = workers.reduce((first, each) => (each.freeAt < first.freeAt ? each : first));
    if (worker.freeAt > of.untilSeconds) return seconds;
    if (worker.at >= 0) {
      const of = { projectId: String(worker.at), requirement: { pool: 'default' } };
      costsOf.observe(of, worker.took);
    }
    const taken = share.take(1, always, (at) => costsOf.expected(String(at), 'default'));
    const [at = 0] = taken.keys();
    worker.took = (projects[at]?.mean ?? 1) * 2 * random();
    worker.at = at;
    worker.freeAt += worker.took;
    seconds[at] = (seconds[at] ?? 0) + worker.took;
  }
}
