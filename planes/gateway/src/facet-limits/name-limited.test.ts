import { expect, test } from 'vitest';

import { nameLimited } from './name-limited.ts';

test('a refusal says which limit it was, and when there is something again', () => {
  const of = { period: 'day', retryAfterMs: 1_001 } as const;
  expect(nameLimited({ kind: 'key', id: 'k' }, of)).toEqual({ name: 'this key', until: '' });
  expect(nameLimited({ kind: 'model', id: 'key.3:gpt-4o' }, of)).toEqual({
    name: 'the model gpt-4o of this key',
    until: '; a day’s budget, which resets in 2 s',
  });
  const total = { period: 'total', retryAfterMs: null } as const;
  expect(nameLimited({ kind: 'end_user', id: 'project.4:a%20b' }, total)).toEqual({
    name: 'the end user a b of this project',
    until: '; it never resets',
  });
});
