import { expect, test } from 'vitest';

import { cutOut } from './cut-out.ts';

test('what was found stands by itself, and nothing of the text is lost or said twice', () => {
  const text = 'to a@b.io and c@d.io!';
  const parts = cutOut(text, [
    { start: 14, end: 20, what: 'EMAIL' },
    { start: 3, end: 9, what: 'EMAIL' },
    { start: 5, end: 9, what: 'HOST' },
  ]);
  expect(parts.map(({ part, what }) => [part, what])).toEqual([
    ['to ', null],
    ['a@b.io', 'EMAIL'],
    [' and ', null],
    ['c@d.io', 'EMAIL'],
    ['!', null],
  ]);
  expect(parts.map(({ part }) => part).join('')).toBe(text);
});
