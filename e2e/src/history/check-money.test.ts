import { describe, expect, test } from 'vitest';

import {
  checkBudgets,
  checkHeldBack,
  checkMetering,
  checkSlidingWindows,
  checkSpend,
} from './check-money.ts';
import type { FinalState, HistoryEvent } from './event.ts';

type Row = FinalState['spend'][number];
type Called = Extract<HistoryEvent, { kind: 'called' }>;

const ROW: Row = {
  callId: 'c',
  keyId: 'k',
  costPico: 5n,
  outputTokens: 3,
  source: 'provider',
  settlements: 1,
  isWrong: false,
};
const REST: FinalState = {
  outcomes: [],
  unfinished: [],
  spend: [ROW],
  budgets: [],
  heldBack: { calls: 0, holdings: 0 },
  lostKeys: [],
  slidingWindows: [],
  ledgerMismatches: [],
  brokenChains: [],
  attempts: [],
  redrives: [],
  firings: [],
  strays: [],
};
const called: Called = { kind: 'called', callId: 'c', keyId: 'k', usage: 'told', costPico: 5n };
const withRow = (row: Partial<Row>): FinalState => ({ ...REST, spend: [{ ...ROW, ...row }] });

test('H6: an answered call that the ledger lacks, has twice, or has at another cost', () => {
  expect(checkSpend([called], REST)).toEqual([]);
  expect(checkSpend([called], { ...REST, spend: [] })).toHaveLength(1);
  expect(checkSpend([called], withRow({ settlements: 2 }))).toHaveLength(1);
  // Also where it is an unknown, booked in full: the client was told better.
  expect(checkSpend([called], withRow({ costPico: 9n, source: 'unknown' }))).toHaveLength(1);
  expect(checkSpend([{ ...called, usage: 'hidden', costPico: 0n }], REST)).toEqual([]);
});

test('H7: a budget beyond its limit', () => {
  const budget = {
    scope: 'key k',
    limitPico: 10n,
    settledPico: 5n,
    reservedPico: 5n,
    spentPico: 5n,
  };
  const judge = (more: Partial<typeof budget>): number =>
    checkBudgets({ ...REST, budgets: [{ ...budget, ...more }] }).length;
  expect(judge({})).toBe(0);
  expect(judge({ reservedPico: 6n })).toBe(1);
  expect(judge({ spentPico: 11n })).toBe(1);
});

test('H19: a call or a share that stays reserved, and what expired for less than it held', () => {
  expect(checkHeldBack(REST)).toEqual([]);
  expect(checkHeldBack({ ...REST, heldBack: { calls: 1, holdings: 0 } })).toHaveLength(1);
  expect(checkHeldBack({ ...REST, heldBack: { calls: 0, holdings: 1 } })).toHaveLength(1);
  expect(checkHeldBack(withRow({ isWrong: true }))).toHaveLength(1);
});

describe('H20', () => {
  const left = { kind: 'left', callId: 'c', keyId: 'k', words: 2 } as const;
  const judge = (events: readonly (Called | typeof left)[], final: FinalState): number =>
    checkMetering(
      {
        called: events.filter((event) => event.kind === 'called'),
        left: events.filter((event) => event.kind === 'left'),
      },
      final,
    ).length;

  test('usage that the client hid, and that is a guess', () => {
    const hidden: Called = { ...called, usage: 'hidden', costPico: 0n };
    expect(judge([hidden], REST)).toBe(0);
    expect(judge([hidden], withRow({ source: 'estimate' }))).toBe(1);
  });

  test('usage that nobody told, and that is nothing or passed off as told', () => {
    const untold: Called = { ...called, usage: 'never told', costPico: 0n };
    expect(judge([untold], withRow({ source: 'estimate' }))).toBe(0);
    expect(judge([untold], REST)).toBe(1);
    expect(judge([untold], withRow({ source: 'estimate', outputTokens: 0 }))).toBe(1);
  });

  test('a client that left, and its words cost nothing', () => {
    expect(judge([left], withRow({ source: 'estimate' }))).toBe(0);
    expect(judge([left], withRow({ source: 'estimate', outputTokens: 0 }))).toBe(1);
    expect(judge([left], { ...REST, spend: [] })).toBe(1);
    // Its server was killed with the share that it came from.
    expect(judge([left], { ...REST, spend: [], lostKeys: ['k'] })).toBe(0);
  });
});

test('H21: charges that lie closer together than a window is long', () => {
  const judge = (...charges: readonly (readonly [atSeconds: number, amount: bigint])[]): number =>
    checkSlidingWindows({
      ...REST,
      slidingWindows: [
        {
          scope: 'key k',
          measure: 'cost',
          seconds: 60,
          limit: 10n,
          charges: charges.map(([atSeconds, amount]) => ({ atSeconds, amount })),
        },
      ],
    }).length;
  expect(judge([0, 6n], [30, 4n], [60, 6n], [90, 4n])).toBe(0);
  expect(judge([0, 6n], [59.9, 5n])).toBe(1);
  // In whatever order they were read.
  expect(judge([59.9, 5n], [0, 6n])).toBe(1);
  // A share that was lost, and what came of it after all.
  expect(judge([0, 10n], [0, -4n], [10, 4n])).toBe(0);
});
