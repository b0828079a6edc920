import { expect, test } from 'vitest';

import { chatChunk } from './chat-chunk.ts';

const chunk = (includesUsage: boolean): object =>
  chatChunk([], { id: 'a', model: 'm', createdAt: 7, includesUsage });

test('who asks for usage is told on every chunk that it is still to come, and nobody else is', () => {
  const told = { id: 'a', object: 'chat.completion.chunk', created: 7, model: 'm', choices: [] };
  expect(chunk(true)).toEqual({ ...told, usage: null });
  expect(chunk(false)).toEqual(told);
  expect(chunk(false)).not.toHaveProperty('usage');
});
