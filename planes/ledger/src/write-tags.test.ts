import { expect, test } from 'vitest';

import { writeTags } from './write-tags.ts';

test('tags are JSON that PostgreSQL reads, whatever is in them', () => {
  expect(writeTags(undefined)).toBeNull();
  expect(writeTags([])).toBeNull();
  expect(writeTags(['a,b', '{}', 'ü', '😀'])).toBe('["a,b","{}","ü","😀"]');
  expect(writeTags(['half \ud83d', '\ude00', 'nul \0'])).toBe(
    '["half \ufffd","\ufffd","nul \ufffd"]',
  );
});
