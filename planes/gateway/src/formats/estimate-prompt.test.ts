import { expect, test } from 'vitest';

import { estimatePrompt } from './estimate-prompt.ts';

const tokensOf = (content: unknown, more: object = {}): number =>
  estimatePrompt({ messages: [{ role: 'user', content }], ...more });

test('text counts by its bytes, wherever it stands', () => {
  const plain = tokensOf('');
  expect(tokensOf('x'.repeat(300)) - plain).toBe(100);
  expect(tokensOf('é'.repeat(150)) - plain).toBe(100);
  expect(tokensOf('', { system: 'x'.repeat(300) }) - plain).toBeGreaterThanOrEqual(99);
  expect(tokensOf('', { tools: [{ name: 'x'.repeat(300) }] }) - plain).toBeGreaterThanOrEqual(100);
});

test('a picture counts the same, however many bytes it has', () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'x'.repeat(900_000) };
  const image = { type: 'image', source };
  const one = tokensOf([image]);
  expect(one).toBeGreaterThan(1_600);
  expect(one).toBeLessThan(1_700);
  expect(tokensOf([{ type: 'tool_result', content: [image, image] }])).toBeGreaterThan(3_200);
});

test('a document that is not text counts by its size, and one that is by its text', () => {
  const data = 'x'.repeat(25_000);
  const sealed = tokensOf([{ type: 'document', source: { type: 'base64', data } }]);
  expect(sealed).toBeGreaterThan(1_000);
  expect(sealed).toBeLessThan(1_100);
  expect(tokensOf([{ type: 'document', source: { type: 'text', data } }])).toBeGreaterThan(8_000);
});
