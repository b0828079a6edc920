import { expect, test } from 'vitest';

import { asFault, Fault } from './fault.ts';

test('a caller sees the title unless a detail says more, and never the message', () => {
  expect(new Fault('lease.lost', 'epoch 7 of run x').detail).toBe('The lease is no longer held');
  expect(new Fault('lease.lost', 'epoch 7', { detail: 'Gone.' }).detail).toBe('Gone.');
});

test('what is thrown and is no fault is a bug of ours, with its cause kept for the log', () => {
  const cause = new TypeError('x is not a function');
  const fault = asFault(cause);
  expect(fault).toMatchObject({ code: 'service.broken', cause });
  expect(fault.detail).not.toContain('function');
  expect(asFault(fault)).toBe(fault);
});
