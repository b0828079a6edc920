import { retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';

import type { LeaseName } from './lease.ts';
import { pauseAtMost } from './pause.ts';
import type { RunWaits } from './workflows/workflow.ts';

/**
 * Gives the lease up until somebody answers. Repeated until the server has said yes, as the same lease can
 * begin a wait once; after that the run is not this worker's any more, and neither is its report. Throws
 * what no repetition mends.
 */
export async function beginWait(
  client: SagewaiClient,
  { runId, epoch }: LeaseName,
  { wait }: RunWaits,
  signal: AbortSignal,
): Promise<void> {
  const body = {
    epoch,
    for: wait.for,
    name: wait.name,
    ...(wait.prompt === undefined ? {} : { prompt: wait.prompt }),
    ...(wait.timeoutSeconds === undefined ? {} : { timeout_seconds: wait.timeoutSeconds }),
  };
  for (let failures = 1; ; failures += 1) {
    try {
      signal.throwIfAborted();
      await client.call('fleet.waitForResume', { params: { run_id: runId }, body }, { signal });
      return;
    } catch (thrown) {
      if (!(thrown instanceof SagewaiError)) throw thrown;
      if (thrown.code === 'lease.lost') return;
      if (!thrown.retryable) throw thrown;
      await pauseAtMost(retryDelayMs(failures, thrown.retryAfterMs, Math.random()), signal);
    }
  }
}
