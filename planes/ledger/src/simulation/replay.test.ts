import { expect, test } from 'vitest';

import type { PastCall, TriedLimit } from './past-call.ts';
import { createReplay } from './replay.ts';
import { windowOf } from './tried-window.ts';

const FROM = new Date('2026-11-21T00:00:00Z');

/** Began at an instant, took so long, and cost `cost` of the `held` that it had reserved. */
function call(at: string, cost: bigint, changed: Partial<PastCall> & { seconds?: number } = {}) {
  const startedAt = new Date(at);
  const { seconds = 1, ...rest } = changed;
  return {
    keyId: null,
    model: 'gpt-4o',
    startedAt,
    at: new Date(startedAt.getTime() + seconds * 1_000),
    reservedPusd: cost,
    costPusd: cost,
    reservedTokens: 10n,
    tokens: 10n,
    priceKnown: true,
    ...rest,
  };
}

function refusedOf(limits: readonly Partial<TriedLimit>[], calls: readonly PastCall[]) {
  const replay = createReplay(
    limits.map((limit) => ({ measure: 'cost', period: 'day', amount: 10n, before: [], ...limit })),
    FROM,
  );
  for (const each of calls) replay.add(each);
  return replay.result();
}

test('refuses what does not fit into the day, lets less pass, and begins anew at midnight', () => {
  const result = refusedOf(
    [{}],
    [
      call('2026-11-21T10:00:00Z', 6n),
      call('2026-11-21T11:00:00Z', 5n),
      call('2026-11-21T12:00:00Z', 4n),
      call('2026-11-21T13:00:00Z', 1n, { model: 'gpt-4o-mini' }),
      call('2026-11-22T00:00:00Z', 10n),
    ],
  );
  expect(result).toMatchObject({
    calls: 2,
    costPusd: 6n,
    seen: { calls: 5, costPusd: 26n, unpriced: 0 },
    firstRefusedAt: new Date('2026-11-21T11:00:00Z'),
    byLimit: [{ measure: 'cost', period: 'day', calls: 2, costPusd: 6n }],
    byKeyAndModel: [
      { model: 'gpt-4o', calls: 1, costPusd: 5n },
      { model: 'gpt-4o-mini', calls: 1, costPusd: 1n },
    ],
  });
});

test('a call under way holds what it reserved, and gives the rest back when it ends (M1)', () => {
  const slow = call('2026-11-21T10:00:00Z', 2n, { reservedPusd: 9n, seconds: 60 });
  const during = call('2026-11-21T10:00:30Z', 3n);
  const after = call('2026-11-21T10:01:00Z', 8n);
  expect(refusedOf([{}], [slow, during, after])).toMatchObject({ calls: 1, costPusd: 3n });
});

test('what exceeds a reservation is charged to the window in which it ended (B3)', () => {
  const over = call('2026-11-21T23:59:59Z', 12n, { reservedPusd: 4n, seconds: 2 });
  const next = call('2026-11-22T00:00:02Z', 3n);
  expect(refusedOf([{}], [over, next])).toMatchObject({ calls: 1, costPusd: 3n });
  expect(refusedOf([{ amount: 11n }], [over, next])).toMatchObject({ calls: 0 });
});

test('what of a call is given back after midnight is not the new day’s', () => {
  const over = call('2026-11-21T23:59:59Z', 1n, { reservedPusd: 9n, seconds: 5 });
  const full = call('2026-11-22T00:00:01Z', 10n);
  const more = call('2026-11-22T00:00:10Z', 1n);
  expect(refusedOf([{}], [over, full, more])).toMatchObject({ calls: 1, costPusd: 1n });
});

test('a minute slides over 61 slots of a second (B1)', () => {
  const rate = { measure: 'requests', period: 'minute', amount: 2n } as const;
  const at = (second: number) =>
    call(new Date(FROM.getTime() + second * 1_000).toISOString(), 1n, { seconds: 90 });
  expect(refusedOf([rate], [at(0), at(30), at(60), at(61), at(62)])).toMatchObject({
    calls: 2,
    firstRefusedAt: new Date(FROM.getTime() + 60_000),
  });
  const tokens = { measure: 'tokens', period: 'minute', amount: 19n } as const;
  expect(refusedOf([tokens], [at(0), at(1), at(61)])).toMatchObject({ calls: 1 });
});

test('30 days let go of what was spent before a day at a time (B1)', () => {
  const before = [
    { at: new Date('2026-10-21T00:00:00Z'), amount: 50n }, // the 31st day before: gone already
    { at: new Date('2026-10-22T00:00:00Z'), amount: 4n },
    { at: new Date('2026-10-23T00:00:00Z'), amount: 3n },
  ];
  const limit = { period: '30_days', amount: 10n, before } as const;
  const first = call('2026-11-21T10:00:00Z', 3n);
  const tooMuch = call('2026-11-21T11:00:00Z', 1n);
  const nextDay = call('2026-11-22T00:00:00Z', 4n);
  expect(refusedOf([limit], [first, tooMuch, nextDay])).toMatchObject({
    calls: 1,
    firstRefusedAt: tooMuch.startedAt,
  });
  const fromDay = call('2026-12-21T23:59:58Z', 3n);
  const full = call('2026-12-21T23:59:59Z', 3n);
  const gone = call('2026-12-22T00:00:00Z', 3n);
  expect(refusedOf([limit], [first, nextDay, fromDay, full, gone])).toMatchObject({ calls: 1 });
});

test('of several limits the one whose window empties last is named; none of them is charged', () => {
  const limits = [
    { period: 'total', amount: 12n, before: [{ at: FROM, amount: 9n }] },
    { period: 'day', amount: 10n },
    { period: 'minute', measure: 'requests', amount: 1n },
  ] as const;
  const result = refusedOf(limits, [
    call('2026-11-21T10:00:00Z', 11n),
    call('2026-11-21T10:00:01Z', 3n),
    call('2026-11-21T10:00:02Z', 0n),
  ]);
  expect(result.byLimit.map(({ period, calls }) => `${period} ${calls}`)).toEqual([
    'total 1',
    'day 0',
    'minute 1',
  ]);
});

test('calls without a price pass a limit of 0 on money, and are counted', () => {
  const free = call('2026-11-21T10:00:00Z', 0n, { priceKnown: false });
  expect(refusedOf([{ amount: 0n }], [free, call('2026-11-21T10:00:01Z', 1n)])).toMatchObject({
    calls: 1,
    seen: { unpriced: 1 },
  });
});

test('windows are those of UTC, and weeks begin on Sunday', () => {
  const at = Date.parse('2026-11-21T13:14:15.678Z'); // a Saturday
  const opened = (period: Parameters<typeof windowOf>[0]) =>
    new Date(windowOf(period, at)).toISOString();
  expect(opened('minute')).toBe('2026-11-21T13:14:15.000Z');
  expect(opened('hour')).toBe('2026-11-21T13:00:00.000Z');
  expect(opened('day')).toBe('2026-11-21T00:00:00.000Z');
  expect(opened('week')).toBe('2026-11-15T00:00:00.000Z');
  expect(opened('month')).toBe('2026-11-01T00:00:00.000Z');
  expect(opened('total')).toBe('1970-01-01T00:00:00.000Z');
});
