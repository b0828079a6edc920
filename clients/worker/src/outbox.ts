import { type CallInput, retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';

import type { WorkerLog } from './log.ts';
import { pause } from './pause.ts';

export type Report = CallInput<'fleet.reportRuns'>['body']['reports'][number];

export interface Outbox {
  /** Keeps a report until the server has taken it, or said that the lease is not ours any more. */
  put(report: Report): void;
  readonly size: number;
  /** Resolves when nothing is left, or `signal` says to stop waiting. Returns what is left. */
  drained(signal: AbortSignal): Promise<number>;
}

const BATCH_MAX = 200;

/**
 * Reports wait here while the server cannot be reached, in memory: a report of an earlier process is
 * worth nothing, because the next session of this worker has lost the lease.
 */
export function createOutbox(client: SagewaiClient, log: WorkerLog, stop: AbortSignal): Outbox {
  const waiting: Report[] = [];
  let sending: Promise<void> | null = null;

  const send = async (): Promise<void> => {
    for (let failures = 0; waiting.length > 0;) {
      const batch = waiting.slice(0, BATCH_MAX);
      try {
        const { results } = await client.call('fleet.reportRuns', { body: { reports: batch } });
        waiting.splice(0, batch.length);
        failures = 0;
        const lost = results.filter((result) => result.status === 'lost');
        if (lost.length > 0) log.note(`${lost.length} finished runs had been given to others`);
      } catch (thrown) {
        if (isRefused(thrown)) {
          log.warn(`a report was refused: ${thrown.detail}`);
          waiting.shift();
        }
        failures += 1;
        if (failures === 3) log.warn(`${waiting.length} reports wait for the server`);
        await pause(retryDelayMs(failures, null, Math.random()), stop);
      }
    }
  };

  const start = (): void => {
    sending ??= send()
      .catch(() => undefined)
      .finally(() => {
        sending = null;
      });
  };

  return {
    put: (report) => {
      waiting.push(report);
      start();
    },
    get size() {
      return waiting.length;
    },
    drained: async (signal) => {
      start();
      const givenUp = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([sending, givenUp]);
      return waiting.length;
    },
  };
}

function isRefused(thrown: unknown): thrown is SagewaiError {
  return thrown instanceof SagewaiError && [400, 413, 422].includes(thrown.status);
}
