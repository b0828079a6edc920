import { expect, test } from 'vitest';

import { canonical } from './cache-key.ts';

test('one text for what JSON reads as the same, another for everything else', () => {
  expect(canonical({ b: [1, 'x', null], a: { d: 1, c: true } })).toBe(
    '{"a":{"c":true,"d":1},"b":[1,"x",null]}',
  );
  expect(canonical({ a: '1' })).not.toBe(canonical({ a: 1 }));
  expect(canonical([['a'], 'b'])).not.toBe(canonical(['a', ['b']]));
});
