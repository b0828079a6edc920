import type { StreamEvents } from '@sagewai/sdk';
import { expect, test } from 'vitest';

import { addToLog, type Log } from './add-to-log.ts';

const NOTHING: Log = { next: 0, events: [], leftOut: 0, isEnd: false };

const line = (seq: number, leftOutBefore = 0): StreamEvents['runs.streamRunEvents'] => ({
  id: String(seq),
  event: 'log',
  data: {
    seq,
    at: '2026-01-05T10:00:00.000Z',
    attempt: 1,
    kind: 'log',
    level: 'info',
    text: `line ${seq}`,
    fraction: null,
    data: null,
    left_out_before: leftOutBefore,
  },
});

test('lines follow those that are there, and what was left out is counted', () => {
  const first = addToLog(NOTHING, [line(1), line(2, 7)]);
  expect(first).toMatchObject({ next: 2, leftOut: 7, isEnd: false });
  const then = addToLog(first, [
    line(3),
    { id: '3-end', event: 'end', data: { state: 'completed', left_out: 9 } },
  ]);
  expect(then.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(then).toMatchObject({ next: 3, leftOut: 9, isEnd: true });
});
