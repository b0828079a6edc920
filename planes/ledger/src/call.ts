/**
 * A model call as the ledger sees it: reserved before, settled after.
 *
 *   M1. At every admission settled + reserved ≤ limit, in every budget above the call, together.
 *   M2. The reservation is durable before the call leaves, the settlement before the caller has all
 *       of its answer. What nobody settles is booked in full when it expires, marked unknown.
 *   M3. Where usage comes from is kept with it.
 *   M7. A refused call consumes nothing, in no budget, and holds nobody behind it up.
 */
import type {
  KeyId,
  OrganizationId,
  PicoUsd,
  ProjectId,
  ReservationId,
  RunId,
  WorkerId,
} from '@sagewai/wire';

import type { Measure, Period, ScopeKind } from './budget.ts';
import type { ContextLimits } from './contexts/context.ts';
import type { RoutingNote } from './routing-decision.ts';

/** The dearest that the call can be, in pico-USD, whichever deployment serves it. */
export interface PriceCeiling {
  readonly perCall: PicoUsd;
  /** A token. */
  readonly input: PicoUsd;
  readonly output: PicoUsd;
}

export interface CallRequest {
  /** Names the call for ever: its reservation, its spend, its settlement. A UUIDv7, made by us. */
  readonly id: ReservationId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly keyId?: KeyId | null;
  /** The team and the person of the key. */
  readonly teamId?: string | null;
  readonly personId?: string | null;
  readonly runId?: RunId | null;
  /** Set when the worker makes the call itself. */
  readonly workerId?: WorkerId | null;
  readonly model: string;
  readonly deployment: string;
  /** Null: unknown. Such a call reserves tokens and a request, and no money (M4 is the gateway's). */
  readonly price: PriceCeiling | null;
  readonly inputTokensMax: number;
  /** What the caller asks for, or the model's maximum. */
  readonly outputTokens: number;
  /** Whether fewer output tokens are better than none. */
  readonly mayCap: boolean;
  /** Longer than the call can take. */
  readonly expiresInMs: number;
  /** Whether a caller that hears no answer asks again for the same id, wherever: then it is not given back, and it is
   *  never admitted from shares, which one server alone knows. */
  readonly isRepeated?: boolean;
  /** Whether it outlives its request: any server may settle it, so none admits it from shares. */
  readonly isLasting?: boolean;
  readonly sessionId?: string | null;
  readonly agent?: string | null;
  readonly tags?: readonly string[];
  /** For whom of its own the caller makes it. */
  readonly endUser?: string | null;
  /** Limits that it brings along (X1). Such a call is never admitted from shares. */
  readonly contexts?: readonly ContextLimits[] | undefined;
  /** Their ids, once they have a budget. */
  readonly contextIds?: readonly string[];
  /** What becomes of it while the database is away (O1 to O3); by default it is refused. */
  readonly onOutage?: 'open' | 'closed' | undefined;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly because: Measure;
  readonly period: Period;
  readonly scope: { readonly kind: ScopeKind; readonly id: string };
  readonly limit: bigint;
  /** Settled and reserved. */
  readonly used: bigint;
  /** When the same request can pass if nobody else comes; null: never at this limit. */
  readonly retryAfterMs: number | null;
}

export type Reservation =
  | {
      readonly kind: 'reserved';
      /** The tokens that were granted. */
      readonly outputTokens: number;
      /** The cap to send upstream; null when everything that was asked for was granted. */
      readonly outputTokensCap: number | null;
      readonly amountPusd: PicoUsd;
      /** Admitted while the database was away. */
      readonly isDuringOutage?: boolean;
    }
  | Refusal;

/**
 * `cache`: the answer was kept from an earlier call, and nobody was asked. `declared`: it was spent past
 * the gateway, and told afterwards.
 */
export type UsageSource =
  | 'provider'
  | 'estimate'
  | 'declared_by_worker'
  | 'unknown'
  | 'cache'
  | 'declared';
export type CallStatus = 'ok' | 'error' | 'aborted';

export interface Settlement {
  readonly id: ReservationId;
  readonly orgId: OrganizationId;
  /** Null: the price is unknown; booked as 0 and shown as unknown. */
  readonly costPusd: PicoUsd | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Parts of `inputTokens`. */
  readonly cachedInputTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly usageSource: UsageSource;
  readonly status: CallStatus;
  /** What served the call, when it is not what was reserved for. */
  readonly deployment?: string | null;
  readonly provider?: string | null;
  /** How it found its way, where there was more than one. */
  readonly routing?: RoutingNote | null;
}

export type Settled =
  | {
      /** What is booked for the call in all. For one that was settled before: as it was then. */
      readonly kind: 'settled';
      readonly costPusd: PicoUsd;
      /** What exceeded the reservation; the next call pays for it. */
      readonly overrunPusd: PicoUsd;
      readonly overrunTokens: number;
    }
  /** There is no such call. */
  | { readonly kind: 'unknown' };
