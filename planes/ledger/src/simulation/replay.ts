import type { KeyId } from '@sagewai/wire';

import type { Measure } from '../budget.ts';
import type { PastCall, Simulation, TriedLimit } from './past-call.ts';
import { oldestOf, type TriedWindow, triedWindow } from './tried-window.ts';

export interface Replay {
  /** In the order in which they began. */
  readonly add: (call: PastCall) => void;
  readonly result: () => Simulation;
}

interface Tried {
  readonly limit: TriedLimit;
  readonly window: TriedWindow;
}

/** Decides the calls of the past once more, as `ledger_reserve` would have under these limits. */
export function createReplay(limits: readonly TriedLimit[], from: Date): Replay {
  const tried = limits.map((limit) => ({
    limit,
    window: triedWindow(limit.period, limit.before, from.getTime()),
  }));
  const tally = createTally(limits);
  let open: PastCall[] = [];
  let nextEnd = Number.POSITIVE_INFINITY;
  let now = from.getTime();

  /** What ended by then has given back what it held beyond its cost, each at its own instant. */
  const settleUntil = (at: number): void => {
    if (nextEnd > at) return;
    const ended = open.filter((call) => call.at.getTime() <= at);
    open = open.filter((call) => call.at.getTime() > at);
    nextEnd = open.reduce((least, call) => Math.min(least, call.at.getTime()), Infinity);
    for (const call of ended.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
      for (const { limit, window } of tried) settle(limit.measure, window, call);
    }
  };

  return {
    add: (call) => {
      now = Math.max(now, call.startedAt.getTime()); // B2
      settleUntil(now);
      for (const { window } of tried) window.moveTo(now);
      const blocker = tried
        .filter((each) => !fits(each, call))
        .toSorted(byLength)
        .at(-1);
      tally.seen(call);
      if (blocker !== undefined) return tally.refused(call, blocker.limit); // M7
      for (const { limit, window } of tried) window.add(now, held(limit.measure, call)); // M1
      open.push({ ...call, startedAt: new Date(now) });
      nextEnd = Math.min(nextEnd, call.at.getTime());
    },
    result: tally.result,
  };
}

/** A call that takes nothing passes an overdrawn budget, but one of requests takes one. */
function fits({ limit, window }: Tried, call: PastCall): boolean {
  const left = limit.amount - window.used();
  return held(limit.measure, call) <= (left > 0n ? left : 0n);
}

/** B3. Up to what it held to the window that admitted it; the excess to the one in which it ended. */
function settle(measure: Measure, window: TriedWindow, call: PastCall): void {
  const [was, is] = [held(measure, call), taken(measure, call)];
  const end = call.at.getTime();
  window.moveTo(end);
  window.add(call.startedAt.getTime(), (is < was ? is : was) - was);
  if (is > was) window.add(end, is - was);
}

function held(measure: Measure, call: PastCall): bigint {
  if (measure === 'requests') return 1n;
  return measure === 'cost' ? call.reservedPusd : call.reservedTokens;
}

function taken(measure: Measure, call: PastCall): bigint {
  if (measure === 'requests') return 1n;
  return measure === 'cost' ? call.costPusd : call.tokens;
}

const LENGTHS = ['minute', 'hour', 'day', 'week', 'month', '30_days', 'total'];
const byLength = (a: Tried, b: Tried): number =>
  LENGTHS.indexOf(a.limit.period) - LENGTHS.indexOf(b.limit.period);

interface Tally {
  readonly seen: (call: PastCall) => void;
  readonly refused: (call: PastCall, limit: TriedLimit) => void;
  readonly result: () => Simulation;
}

function createTally(limits: readonly TriedLimit[]): Tally {
  const all = { calls: 0, costPusd: 0n, unpriced: 0 };
  const refused = { calls: 0, costPusd: 0n };
  const byLimit = new Map(limits.map((limit) => [limit, { calls: 0, costPusd: 0n }]));
  const groups = new Map<string, Group>();
  let first: Date | null = null;
  return {
    seen: (call) => {
      count(all, call);
      if (!call.priceKnown) all.unpriced++;
    },
    refused: (call, limit) => {
      first ??= call.startedAt;
      count(refused, call);
      const of = byLimit.get(limit);
      if (of) count(of, call);
      const { keyId, model, startedAt: firstRefusedAt } = call;
      const name = `${keyId} ${model}`;
      const group = groups.get(name) ?? { keyId, model, firstRefusedAt, calls: 0, costPusd: 0n };
      groups.set(name, group);
      count(group, call);
    },
    result: () => ({
      ...refused,
      seen: all,
      firstRefusedAt: first,
      byLimit: [...byLimit].map(([{ measure, period }, of]) => ({ measure, period, ...of })),
      byKeyAndModel: [...groups.values()].toSorted(dearestFirst),
    }),
  };
}

interface Count {
  calls: number;
  costPusd: bigint;
}

interface Group extends Count {
  readonly keyId: KeyId | null;
  readonly model: string;
  readonly firstRefusedAt: Date;
}

function count(into: Count, { costPusd }: PastCall): void {
  into.calls++;
  into.costPusd += costPusd;
}

const dearestFirst = (a: Group, b: Group): number => {
  if (a.costPusd === b.costPusd) return b.calls - a.calls;
  return a.costPusd > b.costPusd ? -1 : 1;
};

/** The first day that the window holds which a day is in, when that is before the day. */
export function dayBefore(period: TriedLimit['period'], from: Date): Date | null {
  const opened = oldestOf(period, from.getTime());
  return opened < from.getTime() ? new Date(opened) : null;
}
