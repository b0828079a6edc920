import { expect, test } from 'vitest';

import {
  checkDelays,
  checkGivenUp,
  checkPlacement,
  checkPolls,
  checkRedrives,
  checkRetries,
  checkSchedules,
  type FleetHistory,
} from './check-fleet.ts';
import type { FinalState } from './event.ts';

const NOTHING: FleetHistory = {
  submitted: [],
  registered: [],
  claimed: [],
  polled: [],
  reported: [],
  tried: [],
  gaveUp: [],
  answered: [],
};
const REST: FinalState = {
  outcomes: [],
  unfinished: [],
  spend: [],
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
const submitted = { kind: 'submitted', runId: 'r', idempotencyKey: 'i', answeredMs: 1 } as const;
const claimed = {
  kind: 'claimed',
  runId: 'r',
  epoch: 7,
  workerId: 'w',
  sentMs: 2,
  answeredMs: 10,
} as const;
const reported = {
  kind: 'reported',
  runId: 'r',
  epoch: 7,
  output: 'x',
  accepted: true,
  repeated: false,
  sentMs: 20,
  answeredMs: 21,
} as const;

test('H10: a run that was put off is handed out when it is due, and not before', () => {
  const at = (dueMs: number): string[] =>
    checkDelays({ ...NOTHING, submitted: [{ ...submitted, dueMs }], claimed: [claimed] });
  expect(at(10)).toEqual([]);
  expect(at(11)).toHaveLength(1);
  expect(checkDelays({ ...NOTHING, submitted: [submitted], claimed: [claimed] })).toEqual([]);
});

test('H11: what the policy forbids is final, what it wants is tried again, up to its limit', () => {
  const tried = (attempt: number, errorClass: 'flaky' | 'broken'): number =>
    checkRetries(
      { ...NOTHING, tried: [{ kind: 'tried again', runId: 'r', attempt, errorClass }] },
      REST,
    ).length;
  expect([tried(1, 'flaky'), tried(2, 'flaky')]).toEqual([0, 0]);
  expect([tried(3, 'flaky'), tried(1, 'broken')]).toEqual([1, 1]);

  const ended = (failure: { attempt: number; errorClass: 'flaky' | 'broken' }, status = 'failed') =>
    checkRetries(
      { ...NOTHING, reported: [{ ...reported, failure }] },
      { ...REST, outcomes: [{ runId: 'r', epoch: 7, status, output: 'x' }] },
    ).length;
  expect(ended({ attempt: 1, errorClass: 'flaky' })).toBe(1);
  expect(ended({ attempt: 1, errorClass: 'flaky' }, 'cancelled')).toBe(0);
  expect([
    ended({ attempt: 3, errorClass: 'flaky' }),
    ended({ attempt: 1, errorClass: 'broken' }),
  ]).toEqual([0, 0]);
});

test('H12: a dead letter that two runs repeat', () => {
  expect(checkRedrives({ ...REST, redrives: [{ of: 'r', runs: 1 }] })).toEqual([]);
  expect(checkRedrives({ ...REST, redrives: [{ of: 'r', runs: 2 }] })).toHaveLength(1);
});

test('H13: a lease that was given up ends nothing and counts for nothing', () => {
  const gaveUp = {
    kind: 'gave up',
    how: 'waits',
    runId: 'r',
    epoch: 7,
    sentMs: 14.5,
    answeredMs: 15,
  } as const;
  const history = { ...NOTHING, gaveUp: [gaveUp], reported: [reported] };
  expect(checkGivenUp(history, REST)).toHaveLength(1);
  // The report was on its way when the worker gave up, or under another lease.
  expect(checkGivenUp({ ...history, reported: [{ ...reported, sentMs: 14 }] }, REST)).toEqual([]);
  expect(checkGivenUp({ ...history, reported: [{ ...reported, epoch: 8 }] }, REST)).toEqual([]);
  const attempts = [{ runId: 'r', epoch: 7 }];
  expect(checkGivenUp({ ...NOTHING, gaveUp: [gaveUp] }, { ...REST, attempts })).toHaveLength(1);
});

test('H13: a wait that two answers have ended', () => {
  const answered = { kind: 'answered', runId: 'r', wait: 7 } as const;
  const other = { ...answered, wait: 8 };
  expect(checkGivenUp({ ...NOTHING, answered: [answered, other] }, REST)).toEqual([]);
  expect(checkGivenUp({ ...NOTHING, answered: [answered, answered] }, REST)).toHaveLength(1);
});

test('H14: an instant that fired twice, a run without an instant, an instant whose run is not over', () => {
  const firing = { plannedAt: 's at 12:00', outcomes: 1 };
  expect(checkSchedules({ ...REST, firings: [firing] })).toEqual([]);
  expect(checkSchedules({ ...REST, firings: [firing, firing] })).toHaveLength(1);
  expect(checkSchedules({ ...REST, firings: [{ ...firing, outcomes: 0 }] })).toHaveLength(1);
  expect(checkSchedules({ ...REST, firings: [firing], strays: ['r'] })).toHaveLength(1);
});

test('H15: a repeated poll that is given more while its first leases live', () => {
  const polled = { kind: 'polled', pollId: 'p', epochs: [7], answeredMs: 11 } as const;
  const more = { ...polled, epochs: [7, 8], answeredMs: 12 };
  const history = { ...NOTHING, polled: [polled, polled], reported: [reported] };
  expect(checkPolls(history)).toEqual([]);
  expect(checkPolls({ ...history, polled: [polled, more] })).toHaveLength(1);
  // Its first leases may have been lost before: then it is a poll like any other.
  expect(checkPolls({ ...NOTHING, polled: [polled, more] })).toEqual([]);
});

test('H16: a worker with another pool, model or label', () => {
  const needs = { pool: 'p', model: 'm', labels: { a: '1' } };
  const worker = {
    kind: 'registered',
    workerId: 'w',
    pool: 'p',
    models: ['m'],
    labels: { a: '1', b: '2' },
  } as const;
  const given = (to: typeof worker | object): number =>
    checkPlacement({
      ...NOTHING,
      submitted: [{ ...submitted, needs }],
      registered: [{ ...worker, ...to }],
      claimed: [claimed],
    }).length;
  expect(given({})).toBe(0);
  expect([given({ pool: 'q' }), given({ models: ['n'] }), given({ labels: {} })]).toEqual([
    1, 1, 1,
  ]);
});
