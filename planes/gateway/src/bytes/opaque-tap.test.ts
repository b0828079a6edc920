import { expect, test } from 'vitest';

import { OpaqueTap } from './opaque-tap.ts';

test('the last piece goes out when it is released, and not before (M2)', () => {
  const tap = new OpaqueTap();
  const out = ['a', '', 'b', 'c'].map((piece) => tap.push(Buffer.from(piece)).toString());
  expect(out.join('')).toBe('ab');
  expect(tap.end().toString()).toBe('');
  expect(tap.release().toString()).toBe('c');
  expect(tap.release().toString()).toBe('');
});
