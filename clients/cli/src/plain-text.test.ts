import { expect, test } from 'vitest';

import { jsonText } from './json-text.ts';
import { plainText } from './plain-text.ts';

test('an answer cannot drive the terminal, and keeps its lines', () => {
  expect(plainText('a\u001b[2Jb\n\tc\r\u009bd')).toBe('a [2Jb\n\tc d');
});

test('JSON stays what it was, without a character that a terminal obeys', () => {
  const value = { text: 'a\u001b\u007f\u009bü' };
  const text = jsonText(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(plainText(text)).toBe(text);
});
