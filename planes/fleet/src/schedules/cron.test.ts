import { describe, expect, test } from 'vitest';

import { instantsAfter, instantsBetween, mistakeOf } from './cron.ts';

const next = (cron: string, timeZone: string, after: string, count: number): string[] =>
  instantsAfter({ cron, timeZone }, new Date(after), count).map((at) => at.toISOString());

describe('a cron table', () => {
  test('that is one has no mistake', () => {
    expect(mistakeOf({ cron: '*/5 9-17 * * MON-FRI', timeZone: 'Europe/Berlin' })).toBeNull();
    expect(mistakeOf({ cron: '@daily', timeZone: 'UTC' })).toBeNull();
  });

  test.for([
    ['61 * * * *', 'UTC', 'cron'],
    ['* * * * * *', 'UTC', 'cron'],
    ['2026-12-01T00:00:00', 'UTC', 'cron'],
    ['0 0 31 2 *', 'UTC', 'cron'],
    ['', 'UTC', 'cron'],
    ['* * * * *', 'Mars/Phobos', 'time_zone'],
  ] as const)('%s in %s is none', ([cron, timeZone, field]) => {
    expect(mistakeOf({ cron, timeZone })?.field).toBe(field);
  });

  test('a time that does not exist comes at the first instant after the gap', () => {
    // In Berlin, 29 March 2026 has no 02:30.
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('a time that comes twice counts the first time', () => {
    // In Berlin, 25 October 2026 has 02:30 twice.
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('what repeats by the minute goes on through both', () => {
    const half = (after: string): string[] => next('*/30 * * * *', 'Europe/Berlin', after, 4);
    expect(half('2026-10-25T00:00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
    expect(half('2026-03-29T00:00:00Z')).toEqual([
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T02:00:00.000Z',
    ]);
  });

  test('the latest instants of a stretch are told in order, its ends counted', () => {
    const between = (from: string, to: string, count: number): string[] =>
      instantsBetween(
        { cron: '* * * * *', timeZone: 'UTC' },
        { from: new Date(from), to: new Date(to), count },
      ).map((at) => at.toISOString().slice(11, 16));
    expect(between('2026-01-01T10:00:00Z', '2026-01-01T10:02:00Z', 9)).toEqual([
      '10:00',
      '10:01',
      '10:02',
    ]);
    expect(between('2020-01-01T10:00:00Z', '2026-01-01T10:02:30Z', 2)).toEqual(['10:01', '10:02']);
    expect(between('2026-01-01T10:00:01Z', '2026-01-01T10:00:59Z', 9)).toEqual([]);
  });
});
