/**
 * Reports wait here until the server has taken them, or has said that the lease is not ours any more.
 * They wait in memory: a report of an earlier process is worth nothing, because the next session of this
 * worker has lost the lease.
 *
 * - O1. A report leaves only with an answer of the server; a connection that breaks loses none.
 * - O2. A report that cannot be taken as it is holds up no other, and its run still ends: as failed.
 */
import { type CallInput, retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';

import type { Refusal } from './heartbeat.ts';
import type { WireLeaseName } from './lease.ts';
import type { WorkerLog } from './log.ts';
import { endsWithin, pauseAtMost } from './pause.ts';

export type Report = CallInput<'fleet.reportRuns'>['body']['reports'][number] & WireLeaseName;

export interface Outbox {
  put(report: Report): void;
  readonly waiting: readonly Report[];
  /** Hurries, for at most so long; returns how many are left. */
  drained(ms: number): Promise<number>;
}

export interface OutboxOptions {
  readonly client: SagewaiClient;
  readonly log: WorkerLog;
  /** Ends it: nobody takes reports of this session any more. */
  readonly over: AbortSignal;
  /** The server will take no report at all. */
  readonly onRefused: (refusal: Refusal) => void;
  /** Reports have left. */
  readonly onTaken: () => void;
}

const BATCH_MAX = 200;
const HURRIED_DELAY_MS = 200;
/** Statuses that are about what the report says, not about who sends it. */
const UNFIT_STATUSES: readonly number[] = [400, 413, 415, 422];

export function createOutbox({ client, log, over, onRefused, onTaken }: OutboxOptions): Outbox {
  let waiting: Report[] = [];
  const substitutes = new WeakSet<Report>();
  let sending: Promise<void> | null = null;
  const hurry = new AbortController();

  const take = (reports: readonly Report[]): void => {
    const gone = new Set(reports);
    waiting = waiting.filter((report) => !gone.has(report));
    onTaken();
  };

  async function deliver(batch: readonly Report[]): Promise<void> {
    try {
      const body = { reports: [...batch] };
      const { results } = await client.call('fleet.reportRuns', { body }, { signal: over });
      take(batch); // O1
      const lost = results.filter((result) => result.status === 'lost').length;
      if (lost > 0)
        log.note(`${lost} reports came too late, and changed nothing: those runs go on elsewhere`);
    } catch (thrown) {
      const unfit = unfitness(thrown);
      if (unfit === null) throw thrown;
      if (batch.length === 1) return substitute(batch, unfit);
      const half = Math.ceil(batch.length / 2); // O2
      await deliver(batch.slice(0, half));
      await deliver(batch.slice(half));
    }
  }

  function substitute([report]: readonly Report[], why: string): void {
    if (!report) return;
    if (substitutes.has(report)) {
      log.warn(`the report of run ${report.run_id} was refused: ${why}`);
      return take([report]);
    }
    const { run_id, epoch } = report;
    const error = `its report could not be taken: ${why}`;
    const failed: Report = { run_id, epoch, status: 'failed', error };
    substitutes.add(failed);
    waiting = waiting.map((each) => (each === report ? failed : each));
  }

  async function sendAll(): Promise<void> {
    let failures = 0;
    try {
      while (waiting.length > 0 && !over.aborted) {
        try {
          await deliver(waiting.slice(0, BATCH_MAX));
          failures = 0;
        } catch (thrown) {
          if (over.aborted) return;
          if (thrown instanceof SagewaiError && !thrown.retryable) return onRefused(thrown);
          failures += 1;
          if (failures === 3) log.note(`${waiting.length} reports wait for the server`);
          await waitBefore(failures, thrown);
        }
      }
    } finally {
      // In the same turn as the look at `waiting`: a report that comes later starts anew.
      sending = null;
    }
  }

  async function waitBefore(failures: number, thrown: unknown): Promise<void> {
    if (hurry.signal.aborted) return pauseAtMost(HURRIED_DELAY_MS, over);
    const askedMs = thrown instanceof SagewaiError ? thrown.retryAfterMs : null;
    const delayMs = retryDelayMs(failures, askedMs, Math.random());
    await pauseAtMost(delayMs, AbortSignal.any([over, hurry.signal]));
  }

  const start = (): void => {
    if (sending === null && waiting.length > 0) sending = sendAll();
  };

  return {
    put: (report) => {
      waiting.push(report);
      start();
    },
    get waiting() {
      return waiting;
    },
    drained: async (ms) => {
      hurry.abort();
      start();
      if (sending !== null) await endsWithin(sending, ms);
      return waiting.length;
    },
  };
}

/** What is wrong with the report itself; null when that is not what failed. */
function unfitness(thrown: unknown): string | null {
  // The body could not even be built: an output that is no JSON.
  if (thrown instanceof TypeError) return thrown.message;
  if (!(thrown instanceof SagewaiError)) return null;
  return UNFIT_STATUSES.includes(thrown.status) ? thrown.detail : null;
}
