import { expect, test } from 'vitest';

import { createIdSource, newId } from './new-id.ts';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('is a UUID of version 7 that begins with the time', () => {
  const next = createIdSource(() => 0x0198_1234_5678);
  const id = next();
  expect(id).toMatch(SHAPE);
  expect(id.startsWith('01981234-5678-7')).toBe(true);
});

test('a hundred thousand in a row grow strictly and are all of the right shape', () => {
  const ids = Array.from({ length: 100_000 }, () => newId());
  expect(ids.every((id) => SHAPE.test(id))).toBe(true);
  expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? ''))).toBe(true);
});

test('they grow when the clock stands still, and when it goes back', () => {
  let nowMs = 1_800_000_000_000;
  const next = createIdSource(() => nowMs);
  const ids = Array.from({ length: 10_000 }, (_, index) => {
    if (index % 1000 === 0) nowMs -= 5;
    return next();
  });
  expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? ''))).toBe(true);
});

test('two sources at the same instant do not meet', () => {
  const left = createIdSource(() => 1_800_000_000_000);
  const right = createIdSource(() => 1_800_000_000_000);
  const ids = new Set(Array.from({ length: 5000 }, () => [left(), right()]).flat());
  expect(ids.size).toBe(10_000);
});
