import { expect, test } from 'vitest';

import { createTimeScale, ticksOf } from './time-scale.ts';

const busy = [
  { startMs: 1_000, endMs: 2_000 },
  { startMs: 1_500, endMs: 3_000 },
  { startMs: 103_000, endMs: 105_000 },
];

test('a place is the share of the time that has passed', () => {
  const scale = createTimeScale(busy, { squeeze: false });
  expect(scale.place(1_000)).toBe(0);
  expect(scale.place(105_000)).toBe(1);
  expect(scale.place(53_000)).toBeCloseTo(0.5);
  expect(scale.gaps).toEqual([]);
});

test('a long stretch in which nothing happens is drawn short, and says how long it was', () => {
  const scale = createTimeScale(busy, { squeeze: true });
  expect(scale.gaps).toEqual([{ at: expect.closeTo(0.5, 2), ms: 100_000 }]);
  expect(scale.place(3_000)).toBeCloseTo(0.485, 2);
  expect(scale.place(103_000)).toBeCloseTo(0.515, 2);
});

test('order is kept whatever is squeezed', () => {
  const scale = createTimeScale(busy, { squeeze: true });
  const places = Array.from({ length: 200 }, (_, index) => scale.place(index * 600));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('nothing at all has a scale too', () => {
  expect(createTimeScale([], { squeeze: true }).place(5)).toBe(0);
  expect(createTimeScale([{ startMs: 5, endMs: 5 }], { squeeze: true }).place(5)).toBe(0);
});

test('ticks are round', () => {
  expect(ticksOf(1_000, 5)).toEqual([0, 200, 400, 600, 800, 1_000]);
  expect(ticksOf(730, 4)).toEqual([0, 200, 400, 600]);
});
