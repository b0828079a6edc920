import { describe, expect, test } from 'vitest';

import { checkHistory } from './check-history.ts';
import type { FinalState, HistoryEvent } from './event.ts';

const BUDGET = { scope: 'key k', limitPico: 10n, settledPico: 5n, reservedPico: 5n, spentPico: 5n };
const REST: FinalState = {
  outcomes: [{ runId: 'r', epoch: 1, status: 'completed', output: 'x' }],
  unfinished: [],
  spend: [
    {
      callId: 'c',
      keyId: 'k',
      costPico: 5n,
      outputTokens: 1,
      source: 'provider',
      settlements: 1,
      isWrong: false,
    },
  ],
  budgets: [BUDGET],
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
  epoch: 1,
  workerId: 'w',
  sentMs: 2,
  answeredMs: 3,
} as const;
const reported = {
  kind: 'reported',
  runId: 'r',
  epoch: 1,
  output: 'x',
  accepted: true,
  repeated: false,
  sentMs: 4,
  answeredMs: 5,
} as const;
const called = { kind: 'called', callId: 'c', keyId: 'k', usage: 'told', costPico: 5n } as const;
const GOOD: HistoryEvent[] = [submitted, claimed, reported, called];

const broken = (events: HistoryEvent[], final: Partial<FinalState> = {}): string[] =>
  checkHistory(events, { ...REST, ...final }).map((text) => text.split(':')[0] ?? '');

describe('checkHistory', () => {
  test('passes a history that keeps every promise', () => {
    expect(broken(GOOD)).toEqual([]);
  });

  test('a repeated acknowledgement of the same things is no fault', () => {
    expect(broken([...GOOD, ...GOOD])).toEqual([]);
  });

  test('H1: an acknowledged run without an outcome, or with two', () => {
    expect(broken([submitted], { outcomes: [] })).toEqual(['H1']);
    expect(broken([submitted], { outcomes: [], unfinished: ['r'] })).toEqual(['H1']);
    expect(broken([submitted], { outcomes: [...REST.outcomes, ...REST.outcomes] })).toEqual(['H1']);
  });

  test('H2: one idempotency key that became two runs', () => {
    const other = { ...submitted, runId: 'q' };
    const outcomes = [...REST.outcomes, { runId: 'q', epoch: 2, status: 'failed', output: null }];
    expect(broken([submitted, other], { outcomes })).toEqual(['H2']);
  });

  test('H3: two different accepted reports, or one that is not what was kept', () => {
    expect(broken([reported, { ...reported, output: 'y' }])).toContain('H3');
    expect(broken([{ ...reported, epoch: 9, output: 'y' }])).toEqual(['H3']);
  });

  test('H4: a report accepted after a later epoch was held', () => {
    const later = { ...claimed, epoch: 2, workerId: 'v', answeredMs: 3.5 };
    expect(broken([claimed, later, reported])).toContain('H4');
    expect(broken([claimed, { ...later, answeredMs: 4.5 }, reported])).toEqual([]);
  });

  test('H4: a heartbeat that confirms a lease after a later one was held', () => {
    const later = { ...claimed, epoch: 2, workerId: 'v', answeredMs: 3.5 };
    const confirmed = { kind: 'confirmed', runId: 'r', epoch: 1, sentMs: 4 } as const;
    expect(broken([claimed, later, confirmed])).toEqual(['H4']);
    expect(broken([claimed, later, { ...confirmed, sentMs: 3 }])).toEqual([]);
  });

  test('a late report of a cancelled run, answered as known, is no second outcome', () => {
    const outcomes = [{ runId: 'r', epoch: 1, status: 'cancelled', output: null }];
    expect(broken([{ ...reported, repeated: true }], { outcomes })).toEqual([]);
    const exhausted = [{ runId: 'r', epoch: 1, status: 'failed', output: null }];
    expect(broken([{ ...reported, repeated: true }], { outcomes: exhausted })).toEqual([]);
    expect(broken([reported], { outcomes: exhausted })).toEqual(['H3']);
    expect(broken([reported], { outcomes })).toEqual(['H3']);
  });

  test('H5: one epoch in two hands', () => {
    expect(broken([claimed, { ...claimed, workerId: 'v' }])).toEqual(['H5']);
  });

  test('what is wrong with money (check-money.test.ts) is among the broken promises', () => {
    expect(broken([called], { spend: [] })).toEqual(['H6']);
    expect(broken([], { budgets: [{ ...BUDGET, spentPico: 11n }] })).toEqual(['H7']);
    expect(broken([], { heldBack: { calls: 1, holdings: 0 } })).toEqual(['H19']);
  });

  test('H8: what the ledger and the chains say of themselves', () => {
    expect(broken([], { ledgerMismatches: ['x'], brokenChains: ['y'] })).toEqual(['H8', 'H8']);
  });

  test('H9: more runs of one concurrency key at once than its limit', () => {
    const concurrency = { key: 'k', limit: 1 };
    const capped = { ...submitted, concurrency };
    const other = { ...capped, runId: 'q', idempotencyKey: 'j' };
    const outcomes = [...REST.outcomes, { runId: 'q', epoch: 2, status: 'completed', output: 'x' }];
    const claimedToo = { ...claimed, runId: 'q', epoch: 2, sentMs: 3, answeredMs: 3.5 };
    const reportedToo = { ...reported, runId: 'q', epoch: 2, sentMs: 6, answeredMs: 7 };
    const at = (claim: typeof claimedToo): HistoryEvent[] => [
      capped,
      other,
      claimed,
      reported,
      claim,
      reportedToo,
    ];
    expect(broken(at(claimedToo), { outcomes })).toEqual(['H9']);
    // Nobody knows when the other's report had come: they may not have overlapped.
    expect(broken(at({ ...claimedToo, answeredMs: 4.5 }), { outcomes })).toEqual([]);
    const wide = { key: 'k', limit: 2 };
    const two = at(claimedToo).map((event) =>
      event.kind === 'submitted' ? { ...event, concurrency: wide } : event,
    );
    expect(broken(two, { outcomes })).toEqual([]);
  });
});
