import { describe, expect, test } from 'vitest';

import { type CatchUp, decideInstants, jitterOf } from './catch-up.ts';

const now = new Date('2026-01-01T12:00:30Z');
const at = (minutesAgo: number): Date =>
  new Date(Date.parse('2026-01-01T12:00:00Z') - minutesAgo * 60_000);
const fired = (rule: CatchUp['rule'], max: number, ...minutesAgo: number[]): number[] =>
  decideInstants(minutesAgo.map(at), now, { rule, max, lateMs: 60_000 })
    .filter(({ verdict }) => verdict === 'fire')
    .map((decided) => (at(0).getTime() - decided.at.getTime()) / 60_000);

describe('instants that have passed', () => {
  test('fire when they are not late, whatever the rule', () => {
    for (const rule of ['none', 'latest', 'all'] as const) expect(fired(rule, 1, 0)).toEqual([0]);
  });

  test('are missed without a rule', () => {
    expect(fired('none', 9, 30, 20, 0)).toEqual([0]);
    expect(fired('none', 9, 30, 20)).toEqual([]);
  });

  test('are made up for by the latest alone, and only if none is on time', () => {
    expect(fired('latest', 9, 30, 20)).toEqual([20]);
    expect(fired('latest', 9, 30, 20, 0)).toEqual([0]);
  });

  test('are all made up for, up to so many of the latest', () => {
    expect(fired('all', 9, 30, 20, 0)).toEqual([30, 20, 0]);
    expect(fired('all', 2, 40, 30, 20, 0)).toEqual([30, 20, 0]);
  });

  test('are put off by the same each time, and within bounds', () => {
    expect(jitterOf('a', now, 0)).toBe(0);
    expect(jitterOf('a', now, 1_000)).toBe(jitterOf('a', now, 1_000));
    const some = Array.from({ length: 50 }, (_, n) => jitterOf('a', at(n), 1_000));
    expect(Math.max(...some)).toBeLessThanOrEqual(1_000);
    expect(new Set(some).size).toBeGreaterThan(30);
  });
});
