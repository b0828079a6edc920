import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { hashToken, mintToken, sameBytes, sameText, tokenHint } from './tokens.ts';

test.each(['sat-', 'sk-', 'sk-fleet-'] as const)('%s is followed by 256 random bits', (prefix) => {
  const tokens = Array.from({ length: 1000 }, () => mintToken(prefix));
  expect(new Set(tokens).size).toBe(1000);
  expect(tokens.every((token) => /^[\w-]{43}$/.test(token.slice(prefix.length)))).toBe(true);
  expect(tokens.every((token) => token.startsWith(prefix))).toBe(true);
});

test('what is stored is the SHA-256', () => {
  expect(hashToken('sat-x')).toEqual(createHash('sha256').update('sat-x').digest());
});

test.each([
  [`sk-fleet-${'a'.repeat(39)}x7Qa`, 'sk-fleet-…x7Qa'],
  [`sk-${'a'.repeat(39)}x7Qa`, 'sk-…x7Qa'],
  [`sat-${'a'.repeat(39)}x7Qa`, 'sat-…x7Qa'],
  [`wrt-1.${'a'.repeat(39)}x7Qa`, 'wrt-1.…x7Qa'],
  ['sk-1234', 'sk-…'],
  ['hunter2', '…'],
])('%s is shown as %s', (token, hint) => {
  expect(tokenHint(token)).toBe(hint);
});

test('bytes and texts are the same when they are', () => {
  expect(sameBytes(Buffer.from('ab'), Buffer.from('ab'))).toBe(true);
  expect(sameBytes(Buffer.from('ab'), Buffer.from('ac'))).toBe(false);
  expect(sameBytes(Buffer.from('ab'), Buffer.from('abc'))).toBe(false);
  expect(sameText('ab', 'ab')).toBe(true);
  expect(sameText('ab', 'abc')).toBe(false);
});
