/**
 * A replica may hold shares of budgets: parts that are reserved for it, from which it admits calls in
 * memory. All shares of an organization at one replica are a holding, which expires.
 *
 *   S1. What is in a share counts as reserved in its budget, from before a call is admitted from it
 *       until what the call cost is settled (M1).
 *   S2. A holder admits only while its holding lives, by its own steady clock, well before the
 *       database would say that it has expired; but for keys that are open, in an outage (`outage.ts`).
 *   S3. Which budgets are above a call is known from the holding: no limit of the organization changes
 *       while one is out (B5).
 *   S4. Every call that is admitted from shares has money behind it in one, unless it costs nothing: a
 *       holder that is killed is booked as having spent all that its shares held (M2).
 *   S5. What a call did not use goes back to the share at once; the share itself shrinks by its cost.
 */
import type { OrganizationId, ReservationId } from '@sagewai/wire';

import type { Measure, Period, ScopeKind } from '../budget.ts';
import type { CallRequest } from '../call.ts';

/** Money in pico-USD, tokens, requests: small enough for a number, or the call is not admitted here. */
export type Amounts = readonly [cost: number, tokens: number, requests: number];

export const MEASURE_INDEX = { cost: 0, tokens: 1, requests: 2 } as const satisfies Record<
  Measure,
  number
>;

export interface Share {
  readonly budgetId: string;
  readonly measure: (typeof MEASURE_INDEX)[Measure];
  readonly period: Period;
  /** As the database has it. */
  amount: number;
  /** What calls under way may use of it. */
  held: number;
  limit: bigint;
  used: bigint;
}

/** The shares of one scope; none where it has no limit. */
export interface ScopeShares {
  readonly kind: ScopeKind;
  readonly id: string;
  shares: Share[];
  /** Whether the database has told which budgets there are. */
  isKnown: boolean;
  /** Being given back: nothing is admitted from it. */
  isYielding: boolean;
  usedMs: number;
  /** Calls since `countedMs`. */
  calls: number;
  countedMs: number;
  /** The most that calls under way needed at once, in this stretch of time and in the one before. */
  peak: [number, number, number];
  peakBefore: [number, number, number];
  peakMs: number;
  /** What is held for an outage besides, until so much time has passed without such a call (O1). */
  reserve: Amounts;
  reservedUntilMs: number;
  /** What calls under way may use, of every measure. */
  held: [number, number, number];
}

export interface Holding {
  readonly id: string;
  readonly orgId: OrganizationId;
  state: 'wanted' | 'live' | 'recalled' | 'gone';
  /** By the steady clock: S2. */
  liveUntilMs: number;
  /** When that day ends, by the steady clock. */
  dayEndsMs: number;
  /** The day of its shares, as the database wrote it. */
  day: string | null;
  readonly scopes: Map<string, ScopeShares>;
  readonly open: Map<ReservationId, OpenCall>;
  /** Scopes whose shares are to grow. */
  readonly wanted: Set<ScopeShares>;
}

/** A call that was admitted from shares and is not settled. */
export interface OpenCall {
  readonly request: CallRequest;
  readonly holding: Holding;
  readonly scopes: readonly ScopeShares[];
  readonly needs: Amounts;
  readonly amountPusd: bigint;
  readonly admittedMs: number;
  readonly day: string;
  /** It is settled in the journal, and the database has not booked it. */
  isJournaled: boolean;
}

/** People name teams and persons as they like; the other names are unlike each other. */
export const scopeName = (kind: ScopeKind, id: string): string =>
  kind === 'team' || kind === 'person' ? `${kind} ${id}` : id;

export const leftOf = ({ amount, held }: Share): number => amount - held;

export const newScope = (kind: ScopeKind, id: string): ScopeShares => ({
  kind,
  id,
  shares: [],
  isKnown: false,
  isYielding: false,
  usedMs: 0,
  calls: 0,
  countedMs: 0,
  peak: [0, 0, 0],
  peakBefore: [0, 0, 0],
  peakMs: 0,
  reserve: [0, 0, 0],
  reservedUntilMs: 0,
  held: [0, 0, 0],
});
