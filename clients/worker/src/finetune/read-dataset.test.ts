import { expect, test } from 'vitest';

import { readDataset } from './read-dataset.ts';

const chat = (...roles: string[]): string =>
  JSON.stringify({ messages: roles.map((role) => ({ role, content: role })) });

test('conversations and pairs are counted, empty lines are not', () => {
  const text = `${chat('system', 'user', 'assistant')}\n\n{"prompt": "a", "completion": "b"}\n`;
  expect(readDataset(text)).toEqual({ kind: 'read', records: 2 });
});

test.each([
  ['', 'the dataset is empty'],
  ['\n \n', 'the dataset is empty'],
  ['{', 'line 1 of the dataset is no JSON'],
  ['null', 'has neither messages'],
  ['{"prompt": "a"}', 'has neither messages'],
  ['{"prompt": "a", "completion": ""}', 'has neither messages'],
  [`${chat('user', 'assistant')}\n${chat('user')}`, 'line 2 of the dataset does not end with'],
  ['{"messages": []}', 'has no list of messages'],
  ['{"messages": "x"}', 'has no list of messages'],
  ['{"messages": [{"role": "tool", "content": "x"}]}', 'is of nobody'],
  ['{"messages": [{"role": "assistant", "content": 1}]}', 'without text'],
  ['{"messages": [null]}', 'is of nobody'],
])('%j is refused', (text, why) => {
  expect(readDataset(text)).toEqual({ kind: 'refused', why: expect.stringContaining(why) });
});
