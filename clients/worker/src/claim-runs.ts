import { randomUUID } from 'node:crypto';

import { type CallOutput, retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';

import { type Lease, leasesOf } from './lease.ts';
import { pauseAtMost } from './pause.ts';

/** What one request may ask for, as the contract has it. */
export const SLOTS_PER_POLL_MAX = 200;

export interface ClaimOptions {
  readonly client: SagewaiClient;
  readonly slots: number;
  readonly pollTimeoutMs: number;
  /** Ends the poll: the worker is to stop, or its session is over. */
  readonly polling: AbortSignal;
  /** Its session is over: nothing can be claimed any more. */
  readonly over: AbortSignal;
  /** No answer; it is tried again. */
  readonly onMissed: (detail: string) => void;
}

export type Claim =
  | {
      readonly kind: 'claimed';
      readonly leases: readonly Lease[];
      /** The worker is asked to go. */
      readonly draining: boolean;
    }
  | { readonly kind: 'unapproved' };

/** How long an answer may be under way beyond the poll's own wait. */
const ANSWER_MS = 15_000;
const LAST_LOOK_MS = 5_000;

/**
 * One poll, repeated with the same `poll_id` until it has an answer: leases whose answer was lost come
 * back (F6). A poll that is broken off may have been granted something in that moment, so it is asked
 * once more, without waiting. Throws the failure that no repetition mends.
 */
export async function claimRuns(options: ClaimOptions): Promise<Claim> {
  const { client, slots, pollTimeoutMs, polling, over, onMissed } = options;
  const ask = {
    slots: Math.min(slots, SLOTS_PER_POLL_MAX),
    poll_id: randomUUID(),
    poll_timeout: pollTimeoutMs / 1_000,
  };
  for (let failures = 1; !polling.aborted; failures += 1) {
    try {
      const given = { signal: polling, timeoutMs: pollTimeoutMs + ANSWER_MS };
      const answer = await client.call('fleet.claimRuns', { body: ask }, given);
      return { kind: 'claimed', leases: leasesOf(answer), draining: isDraining(answer) };
    } catch (thrown) {
      if (polling.aborted) break;
      if (!(thrown instanceof SagewaiError)) throw thrown;
      if (thrown.code === 'worker.unapproved') return { kind: 'unapproved' };
      if (!thrown.retryable) throw thrown;
      onMissed(thrown.detail);
      await pauseAtMost(retryDelayMs(failures, thrown.retryAfterMs, Math.random()), polling);
    }
  }
  if (over.aborted) return { kind: 'claimed', leases: [], draining: false };
  const body = { ...ask, poll_timeout: 0 };
  const answer = await client
    .call('fleet.claimRuns', { body }, { signal: over, timeoutMs: LAST_LOOK_MS })
    // Leases that nobody names go back to the queue by themselves, only later.
    .catch(() => null);
  return { kind: 'claimed', leases: leasesOf(answer), draining: isDraining(answer) };
}

function isDraining(answer: CallOutput<'fleet.claimRuns'>): boolean {
  return answer !== null && 'leases' in answer && answer.draining === true;
}
