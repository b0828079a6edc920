/**
 * What the steps of a run come to, on its way into the journal: what arrives while a request is under way is the
 * next one, so a step that is alone waits for nobody. Each write resolves when it is there to stay.
 */
import { retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';
import type { StepRecord } from '@sagewai/sdk/workflow';

import { pause } from '../pause.ts';
import { RunFailed } from '../workflows/workflow.ts';

export interface JournalWriterOptions {
  /** With the token of the run. */
  readonly client: SagewaiClient;
  readonly runId: string;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly record: StepRecord;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** As the server takes them at once. */
const BATCH_MAX = 200;
/** Statuses that are about what a record says, not about who sends it. */
const UNFIT_STATUSES: readonly number[] = [400, 413, 422];

export function createJournalWriter(
  options: JournalWriterOptions,
): (record: StepRecord) => Promise<void> {
  const { client, runId, signal } = options;
  let waiting: Waiting[] = [];
  let isSending = false;

  async function send(batch: readonly Waiting[]): Promise<void> {
    const body = { steps: batch.map(({ record }) => record) };
    for (let failures = 1; ; failures += 1) {
      try {
        await client.call('runs.appendJournal', { params: { run_id: runId }, body }, { signal });
        for (const { resolve } of batch) resolve();
        return;
      } catch (thrown) {
        const isUnfit =
          thrown instanceof TypeError ||
          (thrown instanceof SagewaiError && UNFIT_STATUSES.includes(thrown.status));
        // One that cannot be taken as it is must not take its neighbours with it.
        if (isUnfit && batch.length > 1) {
          for (const one of batch) await send([one]);
          return;
        }
        const mayRepeat = thrown instanceof SagewaiError && thrown.retryable && !signal.aborted;
        if (!mayRepeat) {
          for (const { record, reject } of batch) reject(failureOf(thrown, record));
          return;
        }
        await pause(retryDelayMs(failures, thrown.retryAfterMs, Math.random()), signal).catch(
          () => undefined,
        );
      }
    }
  }

  async function sendAll(): Promise<void> {
    // At the end of this turn: what a program asks for together goes together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_MAX);
      waiting = waiting.slice(BATCH_MAX);
      await send(batch);
    }
    isSending = false;
  }

  return (record) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ record, resolve, reject });
      if (isSending) return;
      isSending = true;
      void sendAll();
    });
}

function failureOf(thrown: unknown, { name }: StepRecord): unknown {
  if (thrown instanceof TypeError || (thrown instanceof SagewaiError && thrown.status < 500)) {
    const why = thrown instanceof SagewaiError ? thrown.detail : thrown.message;
    return new RunFailed(`step ${name} cannot be journaled: ${why}`, { cause: thrown });
  }
  return thrown;
}
