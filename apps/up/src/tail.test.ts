import { expect, test } from 'vitest';

import { createTail } from './tail.ts';

test('the last eight lines, however they came', () => {
  const tail = createTail();
  for (let line = 1; line <= 20; line += 1) {
    tail.add('li');
    tail.add(`ne ${line}\n`);
  }
  expect(tail.text().split('\n')).toEqual(
    [13, 14, 15, 16, 17, 18, 19, 20].map((line) => `  line ${line}`),
  );
});

test('of a log line only what a person wants', () => {
  const tail = createTail();
  tail.add('{"level":"warn","time":"…","message":"it waits","error":{"message":"refused"}}\n');
  tail.add('{"level":"info"}\n{broken\n');
  expect(tail.text()).toBe('  warn: it waits (refused)\n  {"level":"info"}\n  {broken');
});

test('a flood is not kept', () => {
  const tail = createTail();
  for (let times = 0; times < 100; times += 1) tail.add('x'.repeat(1_000));
  expect(tail.text().length).toBeLessThan(5_000);
});
