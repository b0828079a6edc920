import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FairShare } from './fair-share.ts';

const always = (): number => Number.POSITIVE_INFINITY;
const weights = fc.array(fc.constantFrom(0.25, 0.5, 1, 1.5, 2, 4), { minLength: 1, maxLength: 6 });
const slots = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 });

function seat(all: readonly number[]): FairShare<number> {
  const share = new FairShare<number>();
  for (const [member, weight] of all.entries()) share.join({ member, weight });
  return share;
}

describe('FairShare', () => {
  test('gives two that always want what their weights say, within a turn, however slots come (F5)', () => {
    fc.assert(
      fc.property(weights, slots, (all, calls) => {
        const share = seat(all);
        const got = all.map(() => 0);
        for (const count of calls) {
          for (const [member, taken] of share.take(count, always)) {
            got[member] = (got[member] ?? 0) + taken;
          }
          for (const [one, weight] of all.entries()) {
            for (const [other, heavier] of all.entries()) {
              const apart = Math.abs((got[one] ?? 0) / weight - (got[other] ?? 0) / heavier);
              expect(apart).toBeLessThanOrEqual(1 / weight + 1 / heavier + 1 + 1e-9);
            }
          }
        }
      }),
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
          const taken = seat(all).take(count, wanted);
          const sum = [...taken.values()].reduce((total, one) => total + one, 0);
          const demand = all.reduce((total, _, member) => total + wanted(member), 0);
          expect(sum).toBe(Math.min(count, demand));
          for (const [member, got] of taken) expect(got).toBeLessThanOrEqual(wanted(member));
        },
      ),
    );
  });

  test('never starves one that came late, nor lets it catch up on the past (F5)', () => {
    const share = seat([1]);
    share.take(1_000, always);
    share.join({ member: 1, weight: 1 });
    const taken = share.take(100, always);
    expect(Math.abs((taken.get(0) ?? 0) - (taken.get(1) ?? 0))).toBeLessThanOrEqual(2);
  });

  test('keeps the turns of the others when one leaves', () => {
    const share = seat([1, 1, 1]);
    share.take(1, always);
    share.leave(0);
    expect(share.take(4, always)).toEqual(
      new Map([
        [1, 2],
        [2, 2],
      ]),
    );
  });

  test('credits what could not be used', () => {
    const share = seat([1, 1]);
    const first = share.take(4, always);
    share.giveBack(0, first.get(0) ?? 0);
    expect(share.take(2, always).get(0)).toBe(2);
  });
});
