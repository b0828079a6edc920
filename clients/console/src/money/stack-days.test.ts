import { expect, test } from 'vitest';

import { type SpendGroup, stackDays } from './stack-days.ts';

const group = (day: string, model: string, usd: string): SpendGroup => ({
  day,
  project_id: null,
  key_id: null,
  team: null,
  person: null,
  model,
  provider: null,
  agent: null,
  session: null,
  tag: null,
  calls: 1,
  failed_calls: 0,
  unpriced_calls: 0,
  cost_usd: usd,
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
});
const of = { by: 'model', since: '2026-11-01', until: '2026-11-03' } as const;

test('the dearest is the lowest, each stands on those before it, and no day is left out', () => {
  const { days, series } = stackDays(
    [
      group('2026-11-01', 'small', '1'),
      group('2026-11-01', 'large', '5'),
      group('2026-11-03', 'small', '2'),
    ],
    of,
  );
  expect(days.map((day) => new Date(day * 1_000).toISOString().slice(0, 10))).toEqual([
    '2026-11-01',
    '2026-11-02',
    '2026-11-03',
  ]);
  expect(series.map(({ name, values, tops }) => [name, values, tops])).toEqual([
    ['large', [5, 0, 0], [5, 0, 0]],
    ['small', [1, 0, 2], [6, 0, 2]],
  ]);
});

test('what is beyond the dearest is one series, and nothing is lost', () => {
  const groups = Array.from({ length: 12 }, (_, index) =>
    group('2026-11-02', `m${index}`, String(index + 1)),
  );
  const { series } = stackDays(groups, of);
  expect(series).toHaveLength(6);
  expect(series.at(-1)?.name).toBe('all others');
  expect(series.reduce((sum, { usd }) => sum + usd, 0)).toBe(78);
});
