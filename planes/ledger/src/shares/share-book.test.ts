import { silentLog } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import type { KeyId, OrganizationId, ProjectId, ReservationId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import type { CallRequest, Settlement } from '../call.ts';
import { applyBooked } from './apply-booked.ts';
import { chargeShares } from './charge-shares.ts';
import { Outage } from './outage.ts';
import { ShareBook } from './share-book.ts';
import { type Holding, leftOf, type Share } from './share.ts';

const [ORG, PROJECT, KEY] = ['org', 'project', 'key'] as const;
const DAY = '2026-11-21 00:00:00+00';
let made = 0;

const callOf = (changed: Partial<CallRequest> = {}): CallRequest => ({
  id: `call ${made++}` as ReservationId,
  orgId: ORG as OrganizationId,
  projectId: PROJECT as ProjectId,
  keyId: KEY as KeyId,
  model: 'm',
  deployment: 'd',
  price: { perCall: 0n, input: 0n, output: 1n },
  inputTokensMax: 0,
  outputTokens: 10,
  mayCap: false,
  expiresInMs: 60_000,
  ...changed,
});

const shareOf = (measure: Share['measure'], amount: number): Share => ({
  budgetId: String(measure),
  measure,
  period: measure === 0 ? 'day' : 'minute',
  amount,
  held: 0,
  limit: 1_000n,
  used: 0n,
});

/** A book whose holding lives until 1,000 ms, with these shares of the key and none above it. */
function bookWith(
  shares: Share[],
  outage: Outage | null = null,
): { book: ShareBook; holding: Holding } {
  const book = new ShareBook({ callsASecondMin: 1, stretchMs: 100, divisor: 8, outage });
  expect(book.admit(callOf(), 0n, 0)).toBeNull();
  const holding = book.holdingOf(ORG as OrganizationId);
  if (!holding) throw new Error('no holding is wanted');
  holding.state = 'live';
  holding.day = DAY;
  holding.liveUntilMs = 1_000;
  for (const scope of holding.scopes.values()) {
    scope.isKnown = true;
    scope.shares = scope.id === KEY ? shares : [];
  }
  return { book, holding };
}

describe('a call', () => {
  test('is admitted while its shares have room, and not one more (S1)', () => {
    const { book } = bookWith([shareOf(0, 25)]);
    expect(book.admit(callOf(), 0n, 1)).toMatchObject({ kind: 'reserved', amountPusd: 10n });
    expect(book.admit(callOf(), 0n, 1)).not.toBeNull();
    expect(book.admit(callOf(), 0n, 1)).toBeNull();
    expect(book.admit(callOf({ outputTokens: 5 }), 0n, 1)).not.toBeNull();
  });

  test('is not admitted when the holding is half as old as it can get (S2)', () => {
    const { book, holding } = bookWith([shareOf(0, 100)]);
    expect(book.admit(callOf(), 0n, 999)).not.toBeNull();
    expect(book.admit(callOf(), 0n, 1_000)).toBeNull();
    holding.liveUntilMs = 2_000;
    holding.state = 'recalled';
    expect(book.admit(callOf(), 0n, 1)).toBeNull();
  });

  test('that costs something needs a share of money, one that is free does not (S4)', () => {
    const { book } = bookWith([shareOf(1, 100)]);
    expect(book.admit(callOf(), 0n, 1)).toBeNull();
    expect(book.admit(callOf({ price: null }), 0n, 1)).not.toBeNull();
  });

  test('of a scope that is not known, or being given back, is not admitted (S3)', () => {
    const { book, holding } = bookWith([shareOf(0, 100)]);
    expect(book.admit(callOf({ keyId: 'other' as KeyId }), 0n, 1)).toBeNull();
    const scope = holding.scopes.get(KEY);
    if (scope) scope.isYielding = true;
    expect(book.admit(callOf(), 0n, 1)).toBeNull();
  });

  test('gives back what it held when it is booked (S5)', () => {
    const share = shareOf(0, 10);
    const { book } = bookWith([share]);
    const call = callOf();
    book.admit(call, 0n, 1);
    expect(leftOf(share)).toBe(0);
    const open = book.callOf(call.id);
    if (open) book.close(open);
    expect(leftOf(share)).toBe(10);
  });

  test('that becomes a reservation takes with it what it held', () => {
    const share = shareOf(0, 15);
    const { book } = bookWith([share]);
    const call = callOf();
    book.admit(call, 0n, 1);
    const open = book.callOf(call.id);
    if (open) book.convert(open);
    expect(share).toMatchObject({ amount: 5, held: 0 });
  });
});

test('a call that is settled or asked for at any server is never admitted from shares of one', () => {
  const share = shareOf(0, 25);
  const { book } = bookWith([share]);
  expect(book.admit(callOf({ isRepeated: true }), 0n, 1)).toBeNull();
  expect(book.admit(callOf({ workerId: 'worker' as WorkerId }), 0n, 1)).toBeNull();
  expect(book.admit(callOf({ isLasting: true }), 0n, 1)).toBeNull();
  expect(share.held).toBe(0);
  expect(book.admit(callOf(), 0n, 1)).not.toBeNull();
});

describe('a day that ends', () => {
  const nextDay = '2026-11-22 00:00:00+00';

  test('takes its shares along, and leaves alone what is admitted from the next (B3)', () => {
    const share = shareOf(0, 30);
    const { book, holding } = bookWith([share]);
    const call = callOf();
    book.admit(call, 0n, 1);
    const row = {
      holdingId: holding.id,
      isRecalled: false,
      day: nextDay,
      leftOfDayMs: 60_000n,
      budgetId: null,
      scopeKind: 'key' as const,
      scopeId: KEY,
      measure: 'cost' as const,
      period: 'day' as const,
      amount: 0n,
      limit: 0n,
      used: 0n,
    };
    applyBooked(holding, [row], { sentMs: 5, ttlMs: 1_000, wants: [] });
    expect(share).toMatchObject({ amount: 0, held: 0 });
    expect(holding.liveUntilMs).toBe(505);
    const open = book.callOf(call.id);
    if (!open) throw new Error('the call is not known any more');
    // Its day is over: the database has to find out what it is charged to.
    const settlement = { costPusd: 1n, inputTokens: 0, outputTokens: 1 } as Settlement;
    expect(chargeShares(holding, [{ call: open, settlement, elapsedMs: 1 }], [])).toBeNull();
    book.close(open);
    expect(share.held).toBe(0);
  });
});

test('a week that goes on keeps its shares, one that ends does not (B3)', () => {
  // DAY is a Saturday.
  const shares = (['week', 'month', 'total', 'hour'] as const).map((period, index): Share => ({
    ...shareOf(0, 30),
    budgetId: String(index),
    period,
  }));
  const { book, holding } = bookWith(shares);
  book.admit(callOf(), 0n, 1);
  const turnTo = (day: string): void => {
    const row = { holdingId: holding.id, isRecalled: false, day, leftOfDayMs: 60_000n };
    const none = { budgetId: null, scopeKind: 'key', scopeId: KEY, measure: 'cost' } as const;
    const empty = { period: 'day', amount: 0n, limit: 0n, used: 0n } as const;
    const of = { sentMs: 5, ttlMs: 1_000, wants: [] };
    applyBooked(holding, [{ ...row, ...none, ...empty }], of);
  };
  turnTo('2026-11-22 00:00:00+00');
  const [week, month, total, hour] = shares;
  expect([week?.amount, month?.amount, total?.amount, hour?.amount]).toEqual([0, 30, 30, 0]);
  expect([week?.held, month?.held, total?.held]).toEqual([0, 10, 10]);
  if (week) week.amount = 30;
  turnTo('2026-11-23 00:00:00+00');
  expect([week?.amount, month?.amount]).toEqual([30, 30]);
  turnTo('2026-12-01 00:00:00+00');
  expect([month?.amount, total?.amount]).toEqual([0, 30]);
});

test('what a batch is charged is what its calls cost up to what they held; the excess apart (B3)', () => {
  const [money, tokens, requests] = [shareOf(0, 100), shareOf(1, 100), shareOf(2, 100)];
  const { book, holding } = bookWith([money, tokens, requests]);
  const batch = [
    [4n, 4],
    [15n, 12],
  ].map(([costPusd, outputTokens]) => {
    const request = callOf();
    book.admit(request, 0n, 1);
    const call = book.callOf(request.id);
    if (!call) throw new Error('not admitted');
    const settlement = { costPusd, inputTokens: 0, outputTokens } as Settlement;
    return { call, settlement, elapsedMs: 1 };
  });
  expect(chargeShares(holding, batch, [])).toMatchObject([
    { share: money, charged: 14, overrun: 5 },
    { share: tokens, charged: 14, overrun: 2 },
    { share: requests, charged: 2, overrun: 0 },
  ]);
});

test('for an outage no more is held than a part of what would be left without it, however often it is asked for', () => {
  const clock = { now: () => new Date(0), monotonicMs: () => 0 };
  const settings = { openForMs: 10_000, openPusd: 1_000n, keptMs: 60_000 };
  const outage = new Outage(settings, { log: silentLog, clock, metrics: createMetrics() });
  const share = { ...shareOf(0, 100), limit: 907n, used: 200n }; // of which 100 are its own
  const { book, holding } = bookWith([share], outage);
  book.admit(callOf({ onOutage: 'open' }), 0n, 0);
  const scope = [...holding.scopes.values()].find(({ shares }) => shares.includes(share));
  if (!scope) throw new Error('no scope has the share');
  expect(book.targetOf(scope)[0]).toBe(100); // an eighth of 807, in whole numbers, as the database counts
  expect(book.isShort(scope)).toBe(false);
  share.limit = 90_000n;
  expect(book.targetOf(scope)[0]).toBe(1_000);
  expect(book.isShort(scope)).toBe(true);
  share.limit = 0n; // It was lowered meanwhile: what calls under way need is wanted as ever.
  expect(book.targetOf(scope)[0]).toBe(20);
});

test('in an outage a call of an open key is admitted after its holding’s time, from what is left of it, that day (O1, O3)', async () => {
  const clock = { now: () => new Date(0), monotonicMs: () => 0 };
  const settings = { openForMs: 10_000, openPusd: 1_000n, keptMs: 60_000 };
  const outage = new Outage(settings, { log: silentLog, clock, metrics: createMetrics() });
  const { book, holding } = bookWith([shareOf(0, 25)], outage);
  holding.dayEndsMs = 5_000;
  const open = { onOutage: 'open', tags: ['mine'] } as const;
  expect(book.admit(callOf(open), 0n, 1_000)).toBeNull(); // the database is there
  const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const db = outage.watch({ run: () => Promise.reject(away) } as unknown as Db);
  await expect(db.run({} as never)).rejects.toBe(away);
  expect(book.admit(callOf({ onOutage: 'closed' }), 0n, 1_000)).toBeNull();
  expect(book.admit(callOf(), 0n, 1_000)).toBeNull();
  const call = callOf(open);
  expect(book.admit(call, 0n, 1_000)).toMatchObject({ kind: 'reserved', isDuringOutage: true });
  expect(book.callOf(call.id)?.request.tags).toEqual(['mine', 'during_outage']);
  expect(book.admit(callOf(open), 0n, 5_000)).toBeNull(); // another day
  expect(book.admit(callOf(open), 0n, 4_999)).not.toBeNull();
  expect(book.admit(callOf(open), 0n, 1_000)).toBeNull(); // of 25 there are 5 left
});
