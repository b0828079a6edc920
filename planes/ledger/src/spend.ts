import type { KeyId, PicoUsd, ProjectId, ReservationId, RunId, WorkerId } from '@sagewai/wire';

import type { CallStatus, UsageSource } from './call.ts';

/**
 * What a call cost. Entry 0 settles it; entry 1 corrects one that had expired, by differences that may
 * be negative. Sums over rows count every call once.
 */
export interface Spend {
  readonly id: ReservationId;
  readonly entry: 0 | 1;
  readonly projectId: ProjectId;
  readonly keyId: KeyId | null;
  readonly runId: RunId | null;
  readonly workerId: WorkerId | null;
  readonly teamId: string | null;
  readonly personId: string | null;
  readonly model: string;
  readonly deployment: string;
  readonly provider: string | null;
  readonly costPusd: PicoUsd;
  /** What was not paid for it, since (part of) its answer was kept from an earlier call. */
  readonly savedPusd: PicoUsd | null;
  readonly priceKnown: boolean;
  readonly reservedPusd: PicoUsd;
  readonly overrunPusd: PicoUsd;
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly cacheWriteTokens: bigint;
  readonly outputTokens: bigint;
  readonly usageSource: UsageSource;
  readonly status: CallStatus | 'expired';
  readonly startedAt: Date;
  readonly at: Date;
  readonly sessionId: string | null;
  readonly agent: string | null;
  readonly tags: readonly string[] | null;
}

/** What was answered from what earlier calls had brought; none of it is in the cost. */
export interface SavedTotals {
  readonly cachedCalls: number;
  readonly savedPusd: PicoUsd;
}

export interface SpendTotals {
  readonly calls: number;
  readonly costPusd: PicoUsd;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  /** Calls whose price is unknown; their cost is not in the sum. */
  readonly unpricedCalls: number;
}
