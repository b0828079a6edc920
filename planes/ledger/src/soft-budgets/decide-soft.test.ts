import { PICO_PER_USD } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { adviseHard } from './advise-hard.ts';
import { decideSoft, nextModel } from './decide-soft.ts';
import { forecast } from './forecast.ts';
import { NOTHING_SPENT, type SoftLimit, type SoftProject } from './soft-limit.ts';

const usd = (amount: number): bigint =>
  (BigInt(Math.round(amount * 1e6)) * PICO_PER_USD) / 1_000_000n;

const limitOf = (changes: Partial<SoftLimit>): SoftLimit => ({
  agent: 'coder',
  dailyPusd: null,
  monthlyPusd: null,
  action: 'warn',
  fallbackChain: [],
  month: 'calendar',
  ...changes,
});

const projectOf = (limits: SoftLimit[], day: Record<string, bigint>): SoftProject => ({
  day: '2026-01-31',
  limits,
  spendOf: new Map(
    Object.entries(day).map(([agent, dayPusd]) => [
      agent,
      { ...NOTHING_SPENT, dayPusd, calendarMonthPusd: dayPusd * 2n, trailingPusd: dayPusd * 3n },
    ]),
  ),
});

test('is exceeded beyond the limit, and not at it (F1)', () => {
  const limits = [limitOf({ dailyPusd: usd(1), action: 'stop' })];
  expect(decideSoft(projectOf(limits, { coder: usd(1) }), 'coder')).toBeNull();
  expect(decideSoft(projectOf(limits, { coder: usd(1) + 1n }), 'coder')).toMatchObject({
    action: 'stop',
    reason: 'Daily budget exceeded: $1.0000 > $1.0000',
  });
  expect(decideSoft(projectOf(limits, { coder: usd(1.23456) }), 'coder')?.reason).toBe(
    'Daily budget exceeded: $1.2345 > $1.0000',
  );
  expect(decideSoft(projectOf(limits, { coder: usd(9) }), 'other')).toBeNull();
  expect(decideSoft(projectOf(limits, { coder: usd(9) }), null)).toBeNull();
});

test('the severest of the agent and the project counts, and a month is the one that is said', () => {
  const project = projectOf(
    [
      limitOf({ dailyPusd: usd(1), action: 'warn' }),
      limitOf({ agent: '*', monthlyPusd: usd(3), action: 'throttle', fallbackChain: ['small'] }),
    ],
    { coder: usd(1.1), '': usd(0.5) },
  );
  expect(decideSoft(project, 'coder')).toMatchObject({
    action: 'throttle',
    reason: 'Monthly budget exceeded: $3.2000 > $3.0000',
  });
  expect(decideSoft(project, null)?.action).toBe('throttle');
  const trailing = limitOf({ monthlyPusd: usd(3), month: 'trailing_30_days' });
  expect(decideSoft(projectOf([trailing], { coder: usd(1) }), 'coder')).toBeNull();
  expect(decideSoft(projectOf([trailing], { coder: usd(1.01) }), 'coder')).not.toBeNull();
});

test('a limit of nothing lets what is free pass', () => {
  const limits = [limitOf({ dailyPusd: 0n, action: 'stop' })];
  expect(decideSoft(projectOf(limits, { coder: 0n }), 'coder')).toBeNull();
  expect(decideSoft(projectOf(limits, { coder: 1n }), 'coder')?.action).toBe('stop');
});

test('the next model of a chain is the first that is another one', () => {
  expect(nextModel(['a', 'b'], 'a')).toBe('b');
  expect(nextModel(['a', 'b'], 'c')).toBe('a');
  expect(nextModel(['a'], 'a')).toBeNull();
  expect(nextModel([], undefined)).toBeNull();
});

test('a forecast goes on at the pace so far, and makes no fortune of a first call', () => {
  const noon = new Date('2026-01-16T12:00:00Z');
  const spent = { dayPusd: usd(1), monthPusd: usd(31) };
  expect(forecast(spent, noon)).toEqual({ endOfDayPusd: usd(2), endOfMonthPusd: usd(62) });
  expect(forecast(spent, new Date('2026-02-01T00:00:01Z'))).toEqual({
    endOfDayPusd: usd(20),
    endOfMonthPusd: usd(620),
  });
});

test('the advised hard limit is so many percent above the soft one', () => {
  expect(adviseHard({ dailyPusd: usd(10), monthlyPusd: null }, 20)).toEqual({
    usdPerDay: usd(12),
    usdPerMonth: null,
  });
  expect(adviseHard({ dailyPusd: 0n, monthlyPusd: usd(1) }, 0)).toEqual({
    usdPerDay: 0n,
    usdPerMonth: usd(1),
  });
});
