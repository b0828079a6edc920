import { expect, test } from 'vitest';

import { readCookie, readReturn } from './read-return.ts';

test.each([
  [undefined, '/'],
  ['/runs?state=failed#1', '/runs?state=failed#1'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/../../x', '/x'],
  ['runs', '/'],
  ['javascript:alert(1)', '/'],
])('a browser comes back to this server: %s', (asked, place) => {
  expect(readReturn(asked)).toBe(place);
});

test('a cookie is found among others', () => {
  expect(readCookie('a=1; b=x=y ; b=2', 'b')).toBe('x=y');
  expect(readCookie(undefined, 'b')).toBeNull();
});
