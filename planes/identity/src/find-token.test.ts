import { expect, test } from 'vitest';

import { findToken } from './find-token.ts';

test.each([
  [{ authorization: 'Bearer sat-1' }, 'sat-1'],
  [{ authorization: 'bearer sat-1' }, 'sat-1'],
  [{ 'x-api-key': 'sat-1' }, 'sat-1'],
  [{ authorization: 'Bearer 9f1c7a3e' }, '9f1c7a3e'],
  [{ authorization: 'Bearer sat-1', 'x-api-key': 'sat-2' }, 'sat-1'],
])('%j holds %s', (headers, token) => {
  expect(findToken(headers)).toBe(token);
});

test.each([
  {},
  { authorization: '' },
  { authorization: 'Basic c2F0LTE6' },
  { authorization: 'Bearer sk-1' },
  { authorization: 'Bearer sk-fleet-1' },
  { authorization: 'Bearer wrt-1.a.b.c' },
  { authorization: 'Bearer rt-1.a.b' },
  { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln' },
  { authorization: 'Bearer sat-1 sat-2' },
  { authorization: 'Basic c2F0LTE6', 'x-api-key': 'sat-2' },
  { 'x-api-key': 'sk-1' },
  { 'x-api-key': ' ' },
])('%j holds none', (headers) => {
  expect(findToken(headers)).toBeNull();
});
