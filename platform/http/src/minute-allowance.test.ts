import { expect, test } from 'vitest';

import { MinuteAllowance } from './minute-allowance.ts';

test('records so many a minute for each key, and then says how many it did not', () => {
  const lines = new MinuteAllowance(2);
  const kinds = [0, 1, 2, 3].map((ms) => lines.admit('anonymous:', ms).kind);
  expect(kinds).toEqual(['record', 'record', 'suppress', 'suppress']);
  expect(lines.admit('token:1', 4)).toEqual({ kind: 'record', suppressed: 0 });

  expect(lines.admit('anonymous:', 59_999).kind).toBe('suppress');
  expect(lines.admit('anonymous:', 60_000)).toEqual({ kind: 'record', suppressed: 3 });
  expect(lines.admit('anonymous:', 60_001)).toEqual({ kind: 'record', suppressed: 0 });
});

test('keeps the number of what was suppressed over quiet minutes', () => {
  const lines = new MinuteAllowance(1);
  lines.admit('token:1', 0);
  lines.admit('token:1', 1);
  lines.admit('token:2', 120_000);
  expect(lines.admit('token:1', 240_000)).toEqual({ kind: 'record', suppressed: 1 });
});

test('shares one count among keys beyond the ten thousandth, so that memory is bounded', () => {
  const lines = new MinuteAllowance(1);
  for (let n = 0; n < 10_000; n++) lines.admit(`token:${n}`, 0);
  expect(lines.admit('token:new', 0).kind).toBe('record');
  expect(lines.admit('token:newer', 0).kind).toBe('suppress');
});
