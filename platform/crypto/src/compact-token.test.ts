import { generateKeySync } from 'node:crypto';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { signCompact, verifyCompact } from './compact-token.ts';

const key = generateKeySync('hmac', { length: 256 });
const payload = { run: 'r', epoch: 3, models: ['gpt-4o'] };
const token = signCompact('rt-1', payload, key);

test('verifies what it signed', () => {
  expect(token).toMatch(/^rt-1\.[\w-]+\.[\w-]{43}$/);
  expect(verifyCompact('rt-1', token, key)).toEqual({ kind: 'verified', payload });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const wanted: unknown = JSON.parse(JSON.stringify(value));
      expect(verifyCompact('rt-1', signCompact('rt-1', value, key), key)).toEqual({
        kind: 'verified',
        payload: wanted,
      });
    }),
  );
});

test('refuses another key, and a token of another kind', () => {
  const other = generateKeySync('hmac', { length: 256 });
  expect(verifyCompact('rt-1', token, other).kind).toBe('refused');
  expect(verifyCompact('rt-2', token, key).kind).toBe('refused');
  expect(verifyCompact('rt-2', token.replace('rt-1', 'rt-2'), key).kind).toBe('refused');
});

test('a change of any letter or of the length is refused', () => {
  for (let index = 0; index < token.length; index += 1) {
    for (const letter of 'AaZz09_-.=') {
      const tampered = token.slice(0, index) + letter + token.slice(index + 1);
      if (tampered !== token) expect(verifyCompact('rt-1', tampered, key).kind).toBe('refused');
    }
    expect(verifyCompact('rt-1', token.slice(0, index), key).kind).toBe('refused');
  }
  for (const more of ['A', '.', '=', '.A'])
    expect(verifyCompact('rt-1', token + more, key).kind).toBe('refused');
});

test('any text is refused without an error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(verifyCompact('rt-1', text, key).kind).toBe('refused');
      expect(verifyCompact('rt-1', `rt-1.${text}`, key).kind).toBe('refused');
    }),
  );
});
