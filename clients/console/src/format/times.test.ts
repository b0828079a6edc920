import { expect, test } from 'vitest';

import { relativeTime } from './times.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

test('how long ago, in the one unit that matters', () => {
  const ago = (ms: number): string => relativeTime(NOW - ms, NOW);
  expect([400, 1_000, 59_999, 61_000, 3_700_000, 90_000_000].map(ago)).toEqual([
    'just now',
    '1 s ago',
    '59 s ago',
    '1 min ago',
    '1 h ago',
    '1 d ago',
  ]);
  expect(relativeTime(NOW + 65_000, NOW)).toBe('in 1 min');
});
