import { expect, test } from 'vitest';

import { readEndUser } from './read-end-user.ts';

test.each([
  [{}, { user: 'bob' }, 'bob'],
  [{}, { metadata: { user_id: 'eve' } }, 'eve'],
  [{ 'x-sagewai-end-user': 'ada' }, { user: 'bob' }, 'ada'],
  [{ 'x-litellm-end-user-id': 'ada' }, undefined, 'ada'],
  [{}, { user: 'a\u0000b' }, 'a\ufffdb'],
  [{}, { user: 'u'.repeat(300) }, 'u'.repeat(200)],
  [{}, { user: 7, metadata: 'none' }, null],
  [{}, { user: '', metadata: null }, null],
  [{}, null, null],
] as const)('a call says for whom it is: %j %j', (headers, body, name) => {
  expect(readEndUser(headers, body)).toBe(name);
});
