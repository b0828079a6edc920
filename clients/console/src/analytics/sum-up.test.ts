import { expect, test } from 'vitest';

import { type Call, inBuckets, quantile, sumUp } from './sum-up.ts';

const START = Date.parse('2026-03-01T12:00:00Z');

function call(atMs: number, tookMs: number, more: Partial<Call> = {}): Call {
  return {
    kind: 'settlement',
    model: 'm',
    status: 'ok',
    cost_usd: '0.5',
    input_tokens: 10,
    output_tokens: 5,
    started_at: new Date(START + atMs).toISOString(),
    settled_at: new Date(START + atMs + tookMs).toISOString(),
    ...more,
  } as Call;
}

test('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, at) => at + 1);
  expect([0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([50, 95, 100]);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBeNull();
});

test('groups are told apart, the busiest first; a correction is money and no call', () => {
  const calls = [
    call(0, 100),
    call(0, 300, { status: 'error', cost_usd: null }),
    call(0, 50, { kind: 'correction', cost_usd: '-0.25', input_tokens: 0, output_tokens: 0 }),
    call(0, 900, { model: 'other' }),
  ];
  expect(sumUp(calls, ({ model }) => model)).toEqual([
    {
      name: 'm',
      calls: 2,
      failed: 1,
      p50Ms: 100,
      p95Ms: 300,
      inputTokens: 20,
      outputTokens: 10,
      usd: 0.25,
    },
    expect.objectContaining({ name: 'other', calls: 1, p95Ms: 900 }),
  ]);
});

test('over time, what was not called has no latency, and the last instant is in the last bucket', () => {
  const { times, series } = inBuckets([call(0, 10), call(40_000, 30, { status: 'aborted' })], {
    nameOf: ({ model }) => model,
    names: ['m'],
    sinceMs: START,
    untilMs: START + 40_000,
  });
  expect(times).toHaveLength(40);
  expect(times[1]).toBe(START / 1_000 + 1);
  const [one] = series;
  expect([one?.p95Ms[0], one?.p95Ms[1], one?.p95Ms[39]]).toEqual([10, null, 30]);
  expect([one?.failed[0], one?.failed[1], one?.failed[39]]).toEqual([0, null, 100]);
  expect([one?.tokens[0], one?.tokens[1], one?.usd[39]]).toEqual([15, 0, 0.5]);
});
