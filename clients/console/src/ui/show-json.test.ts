import { expect, test } from 'vitest';

import { escapeHidden, showJson } from './show-json.ts';

const long = { padding: Array.from({ length: 5_000 }, () => 0), table: 'customers' };

test('a long value is cut for the eye, and copied whole', () => {
  const { whole, shown } = showJson(long);
  expect(shown.split('\n')).toHaveLength(4_001);
  expect(shown).not.toContain('customers');
  expect(JSON.parse(whole)).toEqual(long);
  expect(showJson('as it\nis')).toEqual({ whole: 'as it\nis', shown: 'as it\nis' });
});

test('of what somebody answers for nothing is left out, however much stands before it', () => {
  expect(showJson(long, { isExact: true }).shown).toContain('"table": "customers"');
});

test('letters that are not seen, or turn the order of others, stand as what they are', () => {
  const given = { to: 'ops\u202Emoc.live\u200B', tag: '\u{E0041}', name: 'Zoë 中' };
  const { shown } = showJson(given, { isExact: true });
  expect(shown).toContain(String.raw`"to": "ops\u202emoc.live\u200b"`);
  expect(shown).toContain(String.raw`"tag": "\udb40\udc41"`);
  expect(shown).toContain('"name": "Zoë 中"');
  // It is the same JSON.
  expect(JSON.parse(shown)).toEqual(given);
  expect(escapeHidden('a\tb\nc')).toBe('a\\u0009b\nc');
});
