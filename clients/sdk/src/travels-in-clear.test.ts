import { expect, test } from 'vitest';

import { travelsInClear } from './travels-in-clear.ts';

test.each([
  ['http://localhost:8000', false],
  ['http://127.0.0.1:8000/', false],
  ['http://[::1]:8000', false],
  ['https://sagewai.internal:8000', false],
  ['http://sagewai.internal:8000', true],
  ['http://10.0.0.7', true],
  ['http://127.0.0.1.example.com', true],
])('%s: %s', (url, expected) => {
  expect(travelsInClear(url)).toBe(expected);
});
