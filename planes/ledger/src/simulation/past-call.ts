import type { KeyId, PicoUsd } from '@sagewai/wire';

import type { Limit, Measure, Period } from '../budget.ts';

/** A call of the past, as its rows say: what it held while it was under way, and what it took in the end. */
export interface PastCall {
  readonly keyId: KeyId | null;
  readonly model: string;
  readonly startedAt: Date;
  /** When it was booked, and gave back what it had held beyond its cost. */
  readonly at: Date;
  readonly reservedPusd: PicoUsd;
  readonly costPusd: PicoUsd;
  readonly reservedTokens: bigint;
  readonly tokens: bigint;
  readonly priceKnown: boolean;
}

export interface Refusals {
  readonly calls: number;
  /** What the refused calls cost in fact. */
  readonly costPusd: PicoUsd;
}

export interface Simulation extends Refusals {
  /** All that there were, refused ones too. */
  readonly seen: Refusals & { readonly unpriced: number };
  readonly firstRefusedAt: Date | null;
  readonly byLimit: readonly (Refusals & { readonly measure: Measure; readonly period: Period })[];
  /** The dearest first. */
  readonly byKeyAndModel: readonly (Refusals & {
    readonly keyId: KeyId | null;
    readonly model: string;
    readonly firstRefusedAt: Date;
  })[];
}

/** A limit that is tried, and what its window holds before the first call: a sum, or one a day. */
export interface TriedLimit extends Limit {
  readonly before: readonly SpentBefore[];
}

export interface SpentBefore {
  readonly at: Date;
  readonly amount: bigint;
}
