import { expect, test } from 'vitest';

import { createRedactor, redactDeep } from './redact.ts';

const SECRET = 'sk-canary+"7f\\e'; // letters that every encoding spells differently

test('removes a secret in each spelling in which it may come back', () => {
  const redact = createRedactor([SECRET]);
  const bytes = Buffer.from(`${SECRET}`);
  for (const spelling of [
    SECRET,
    JSON.stringify({ said: SECRET }),
    encodeURIComponent(SECRET),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]) {
    const text = redact(`wrong key: ${spelling}!`);
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('canary');
    expect(text).not.toContain(bytes.toString('base64url').slice(0, 8));
  }
});

test('a secret that another begins with leaves nothing of the longer one', () => {
  const redact = createRedactor(['sk-short-0', 'sk-short-0-and-more']);
  expect(redact('sk-short-0-and-more sk-short-0')).toBe('[redacted] [redacted]');
});

test('words and numbers of the environment are not secrets', () => {
  expect(createRedactor(['true', '8080', ''])('true at 8080')).toBe('true at 8080');
});

test('goes into lists, objects and the names of their fields', () => {
  const redact = createRedactor(['hunter2hunter2']);
  const value = { a: ['x hunter2hunter2', 1, null], hunter2hunter2: { b: 'hunter2hunter2' } };
  expect(redactDeep(value, redact)).toEqual({
    a: ['x [redacted]', 1, null],
    '[redacted]': { b: '[redacted]' },
  });
});
