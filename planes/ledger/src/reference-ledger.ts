/**
 * The ledger as plainly as it can be said: a list of calls, and every balance counted anew from it.
 * Tests compare the database's functions with it (B1 to B4, M1, M7).
 */
import { isSliding, type Measure, type Period } from './budget.ts';

export interface ReferenceBudget {
  /** Budgets that were made earlier come first: of two that refuse a call, it names the first. */
  readonly order: number;
  readonly scopes: string;
  readonly measure: Measure;
  readonly period: Period;
  limit: bigint;
}

export interface ReferenceCall {
  readonly id: string;
  /** The scopes that it is under. */
  readonly scopes: readonly string[];
  readonly fixed: bigint;
  readonly price: bigint;
  readonly input: bigint;
  readonly output: bigint;
  readonly mayCap: boolean;
  readonly expiresAtMs: number;
}

export type ReferenceDecision =
  | { readonly kind: 'reserved'; readonly output: bigint }
  | { readonly kind: 'refused'; readonly by: ReferenceBudget; readonly need: bigint };

interface Amounts {
  readonly cost: bigint;
  readonly tokens: bigint;
}

interface Admitted {
  readonly call: ReferenceCall;
  readonly admittedMs: number;
  readonly reserved: Amounts;
  settled: Amounts | null;
  settledMs: number;
  isExpired: boolean;
  /** Admitted from shares: until it is settled it is in them, and a window that slides counts it from then on. */
  fromShare: boolean;
}

/** What a replica holds of a budget, or what was lost with it. */
export interface ReferenceShare {
  readonly scopes: string;
  readonly measure: Measure;
  readonly period: Period;
  readonly amount: bigint;
  /** Of a day; for what was lost, when it counts. */
  readonly atMs: number;
}

const FLOOR = 16n;
const DAY_MS = 86_400_000;

const PERIODS: readonly Period[] = ['minute', 'hour', 'day', 'week', 'month', '30_days', 'total'];
/** Of periods that slide: a slot, and how many there are before the one under way. */
const SLOTS = {
  minute: { ms: 1000, before: 60 },
  '30_days': { ms: DAY_MS, before: 30 },
} as const;
type Sliding = keyof typeof SLOTS;

const rank = (period: Period): number => PERIODS.indexOf(period);

function windowOf(period: Exclude<Period, Sliding>, ms: number): number {
  const at = new Date(ms);
  switch (period) {
    case 'hour':
      return Math.floor(ms / 3_600_000);
    case 'day':
      return Math.floor(ms / DAY_MS);
    case 'week':
      return Math.floor(ms / DAY_MS) - at.getUTCDay();
    case 'month':
      return at.getUTCFullYear() * 12 + at.getUTCMonth();
    case 'total':
      return 0;
  }
}

const slotOf = (period: Sliding, ms: number): number => Math.floor(ms / SLOTS[period].ms);

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const atLeast0 = (a: bigint): bigint => (a > 0n ? a : 0n);

export class ReferenceLedger {
  readonly budgets: ReferenceBudget[] = [];
  /** Out at present, by holder; whoever gives them out says so. */
  readonly shares = new Map<string, readonly ReferenceShare[]>();
  readonly #lost = new Map<string, ReferenceShare[]>();
  readonly #calls = new Map<string, Admitted>();

  /** What counts in the window of a budget at an instant. */
  used(budget: ReferenceBudget, nowMs: number): bigint {
    const isIn = (ms: number): boolean =>
      isSliding(budget.period)
        ? slotOf(budget.period, ms) >= slotOf(budget.period, nowMs) - SLOTS[budget.period].before
        : windowOf(budget.period, ms) === windowOf(budget.period, nowMs);
    let sum = 0n;
    for (const {
      call,
      admittedMs,
      reserved,
      settled,
      settledMs,
      fromShare,
    } of this.#calls.values()) {
      if (!call.scopes.includes(budget.scopes)) continue;
      if (fromShare && !settled) continue;
      const countsMs = fromShare && isSliding(budget.period) ? settledMs : admittedMs;
      if (budget.measure === 'requests') {
        if (isIn(countsMs)) sum += 1n;
        continue;
      }
      const held = reserved[budget.measure];
      const actual = settled?.[budget.measure] ?? held;
      if (isIn(countsMs)) sum += least(held, actual);
      if (settled && isIn(settledMs)) sum += atLeast0(actual - held);
    }
    const isOf = ({ scopes, measure, period }: ReferenceShare): boolean =>
      scopes === budget.scopes && measure === budget.measure && period === budget.period;
    for (const share of [...this.shares.values()].flat().filter(isOf)) {
      if (isSliding(budget.period) || isIn(share.atMs)) sum += share.amount;
    }
    for (const lost of [...this.#lost.values()].flat().filter(isOf)) {
      if (isIn(lost.atMs)) sum += lost.amount;
    }
    return sum;
  }

  reserve(call: ReferenceCall, nowMs: number): ReferenceDecision {
    const above = this.budgets.filter(({ scopes }) => call.scopes.includes(scopes));
    const need = call.mayCap ? least(FLOOR, call.output) : call.output;
    let granted = call.output;
    let by: ReferenceBudget | null = null;
    for (const budget of above) {
      const fit = fitOf(budget, call, atLeast0(budget.limit - this.used(budget, nowMs)));
      if (fit < need) {
        if (by === null || rank(budget.period) > rank(by.period)) by = budget;
      } else granted = least(granted, fit);
    }
    if (by) return { kind: 'refused', by, need: amountsOf(call, need)[by.measure] };
    const { cost, tokens } = amountsOf(call, granted);
    this.#calls.set(call.id, {
      call,
      admittedMs: nowMs,
      reserved: { cost, tokens },
      settled: null,
      settledMs: 0,
      isExpired: false,
      fromShare: false,
    });
    return { kind: 'reserved', output: granted };
  }

  /** From shares that a replica holds, in its memory. */
  admitFromShare(call: ReferenceCall, nowMs: number): void {
    const { cost, tokens } = amountsOf(call, call.output);
    this.#calls.set(call.id, {
      call,
      admittedMs: nowMs,
      reserved: { cost, tokens },
      settled: null,
      settledMs: 0,
      isExpired: false,
      fromShare: true,
    });
  }

  /** The call has become a reservation, because its shares were given back. */
  convert(id: string, expiresAtMs: number): boolean {
    const admitted = this.#calls.get(id);
    if (!admitted?.fromShare || admitted.settled) return false;
    this.#calls.set(id, { ...admitted, call: { ...admitted.call, expiresAtMs }, fromShare: false });
    return true;
  }

  /** A holder is gone: what it held counts as spent. */
  lose(holder: string, nowMs: number): void {
    const held = this.shares.get(holder) ?? [];
    this.shares.delete(holder);
    const charged = held.map((share) => ({
      ...share,
      // Of an earlier window, it stays that one's.
      atMs:
        isSliding(share.period) ||
        windowOf(share.period, share.atMs) === windowOf(share.period, nowMs)
          ? nowMs
          : share.atMs,
    }));
    this.#lost.set(holder, charged);
  }

  /** As `settle`, of a call whose holder was gone: what it cost is not counted twice. */
  settleLate(
    holder: string,
    id: string,
    of: { readonly actual: Amounts; readonly nowMs: number },
  ): void {
    const admitted = this.#calls.get(id);
    if (!admitted || admitted.settled) return;
    this.settle(id, of.actual, of.nowMs);
    const lost = this.#lost.get(holder) ?? [];
    const { call, reserved } = admitted;
    const charged = {
      cost: least(reserved.cost, of.actual.cost),
      tokens: least(reserved.tokens, of.actual.tokens),
      requests: 1n,
    };
    this.#lost.set(
      holder,
      lost.map((share) =>
        call.scopes.includes(share.scopes)
          ? { ...share, amount: atLeast0(share.amount - charged[share.measure]) }
          : share,
      ),
    );
  }

  /** What is booked for the call in the end; null when there is no such call. */
  settle(id: string, actual: Amounts, nowMs: number): Amounts | null {
    const admitted = this.#calls.get(id);
    if (!admitted) return null;
    if (admitted.settled === null || admitted.isExpired) {
      admitted.settled = actual;
      admitted.settledMs = nowMs;
      admitted.isExpired = false;
    }
    return admitted.settled;
  }

  expire(nowMs: number): number {
    const due = [...this.#calls.values()].filter(
      ({ call, settled, fromShare }) => settled === null && !fromShare && call.expiresAtMs <= nowMs,
    );
    for (const admitted of due) {
      admitted.settled = admitted.reserved;
      admitted.settledMs = nowMs;
      admitted.isExpired = true;
    }
    return due.length;
  }

  open(): string[] {
    return [...this.#calls.values()]
      .filter(({ settled, isExpired }) => settled === null || isExpired)
      .map(({ call }) => call.id);
  }

  ids(): string[] {
    return [...this.#calls.keys()];
  }

  totalCost(): bigint {
    return [...this.#calls.values()].reduce((sum, { settled }) => sum + (settled?.cost ?? 0n), 0n);
  }
}

function amountsOf(call: ReferenceCall, output: bigint): Amounts & { readonly requests: bigint } {
  return { cost: call.fixed + output * call.price, tokens: call.input + output, requests: 1n };
}

/** The most output tokens that the rest of a budget pays for; negative when not even none. */
function fitOf(budget: ReferenceBudget, call: ReferenceCall, left: bigint): bigint {
  const fits = (output: bigint): boolean => amountsOf(call, output)[budget.measure] <= left;
  if (!fits(0n)) return -1n;
  let [low, high] = [0n, call.output];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (fits(middle)) low = middle;
    else high = middle - 1n;
  }
  return low;
}
