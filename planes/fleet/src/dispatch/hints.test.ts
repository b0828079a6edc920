import { describe, expect, test } from 'vitest';

import { FLEET_DEFAULTS } from '../settings.ts';
import { Backlog } from './backlog.ts';
import { Hints, toPayloads } from './hints.ts';

function replica(): { hints: Hints; asked: number[][]; backlog: Backlog } {
  const asked: number[][] = [];
  const backlog = new Backlog({
    ...FLEET_DEFAULTS,
    weightOf: () => 1,
    costOf: () => 1,
    fullLookEveryMs: 1,
    monotonicMs: () => 0,
    nowMs: () => 0,
  });
  const hints = new Hints({
    backlog,
    replica: 'me',
    flushMs: 1,
    readSubqueues: (sqs) => {
      asked.push([...sqs]);
      return Promise.resolve([]);
    },
    notify: () => Promise.resolve(),
    look: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  return { hints, asked, backlog };
}

describe('wakes', () => {
  test('fit into what PostgreSQL carries, and lose no line', () => {
    const lines = Array.from({ length: 3_000 }, (_, sq) => ({ sq, prio: -100, count: 1_000 }));
    const payloads = toPayloads('me', [...lines, { sq: 9, prio: 0, count: Infinity }]);
    for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
    const words = payloads.flatMap((payload) => payload.split(' ').slice(1));
    expect(words).toHaveLength(3_001);
    expect(words).toContain('2999:-100:1000');
    expect(toPayloads('me', [])).toEqual([]);
  });

  test('of another replica are heard, one’s own and nonsense are not', () => {
    const { hints, asked } = replica();
    hints.receive('me 1:0:1');
    hints.receive('other 2:0:1 x:y:z 3 4:0:1:');
    hints.receive('');
    expect(asked).toEqual([[2, 4]]);
  });
});
