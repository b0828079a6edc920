import { expect, test } from 'vitest';

import { PLACES } from './navigation.ts';

test('each page has a name and a key that no other has', () => {
  const keys = PLACES.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(PLACES.map(({ name }) => name)).size).toBe(PLACES.length);
  // `g` begins a chord, and begins it again.
  expect(keys).not.toContain('g');
});
