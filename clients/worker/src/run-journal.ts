/**
 * What a run says, on its way to the server: in small batches, numbered, so that one whose answer was lost
 * is sent again and counts once. A run never waits for it. What there is no room for is left out, and the
 * server sees by the numbers how much that was.
 */
import { type CallInput, retryDelayMs, type SagewaiClient, SagewaiError } from '@sagewai/sdk';

import { type Redact, redactDeep } from './credentials/redact.ts';
import type { LeaseName } from './lease.ts';
import { endsWithin, pause } from './pause.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How the code of a run tells what it does. */
export interface RunVoice {
  log(text: string, level?: LogLevel): void;
  /** How much is done, 0 to 1. */
  progress(fraction: number, text?: string): void;
  /** Anything else that a program may wait for. */
  emit(name: string, data?: unknown): void;
}

export interface RunJournal extends RunVoice {
  /** Sends what is left, for at most so long. After the report nothing is taken any more. */
  close(ms: number): Promise<void>;
}

export interface RunJournalOptions {
  readonly client: SagewaiClient;
  readonly lease: LeaseName;
  readonly redact: Redact;
  /** How long events gather before they leave together. */
  readonly gatherMs?: number;
}

type Said = CallInput<'fleet.appendRunEvents'>['body']['events'][number];

const GATHER_MS = 200;
const WAITING_MAX = 2_000;
const BATCH_MAX = 200;
const TEXT_LENGTH_MAX = 8_000;

export function createRunJournal(options: RunJournalOptions): RunJournal {
  const { client, lease, redact, gatherMs = GATHER_MS } = options;
  let waiting: Said[] = [];
  /** The number of the first that waits. */
  let first = 1;
  let sending: Promise<void> | null = null;
  let isOver = false;
  const over = new AbortController();
  const hurry = new AbortController();

  function put(said: Said): void {
    if (isOver) return;
    waiting.push(said);
    if (waiting.length > WAITING_MAX) {
      waiting.shift();
      first += 1;
    }
    sending ??= sendAll().finally(() => {
      sending = null;
    });
  }

  async function sendAll(): Promise<void> {
    await pause(gatherMs, hurry.signal).catch(() => undefined);
    for (let failures = 0; waiting.length > 0 && !isOver;) {
      const batch = waiting.slice(0, BATCH_MAX);
      try {
        const next = await send(first, batch);
        if (next > first) waiting.splice(0, next - first);
        first = Math.max(first, next);
        failures = 0;
      } catch (thrown) {
        const mayRepeat = thrown instanceof SagewaiError && thrown.retryable;
        if (!mayRepeat && !leaveOutUnfit(thrown, batch.length)) return end();
        if (!mayRepeat) continue;
        failures += 1;
        const delayMs = retryDelayMs(failures, thrown.retryAfterMs, Math.random());
        await pause(delayMs, over.signal).catch(() => undefined);
      }
      // What is said while a batch is under way gathers as long.
      if (waiting.length < BATCH_MAX) await pause(gatherMs, hurry.signal).catch(() => undefined);
    }
  }

  async function send(from: number, events: Said[]): Promise<number> {
    const { runId: run_id, epoch } = lease;
    const body = { epoch, first: from, events };
    await client.call(
      'fleet.appendRunEvents',
      { params: { run_id }, body },
      { signal: over.signal },
    );
    return from + events.length;
  }

  /** An event that cannot be taken as it is must not hold up the others. */
  function leaveOutUnfit(thrown: unknown, count: number): boolean {
    const isUnfit =
      thrown instanceof TypeError ||
      (thrown instanceof SagewaiError && (thrown.status === 400 || thrown.status === 413));
    if (!isUnfit) return false;
    waiting.splice(0, count);
    first += count;
    return true;
  }

  /** The lease is lost, or the server knows no events: nobody listens, and the run goes on. */
  function end(): void {
    isOver = true;
    waiting = [];
  }

  return {
    log: (text, level = 'info') => put({ kind: 'log', level, text: fit(redact(text)) }),
    progress: (fraction, text) =>
      put({
        kind: 'progress',
        fraction: Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0)),
        ...(text === undefined ? {} : { text: fit(redact(text)) }),
      }),
    emit: (name, data) =>
      put({
        kind: 'custom',
        text: fit(redact(name)),
        ...(data === undefined ? {} : { data: redactDeep(data, redact) }),
      }),
    close: async (ms) => {
      hurry.abort();
      if (sending !== null) await endsWithin(sending, ms);
      end();
      over.abort(new Error('the run has ended'));
    },
  };
}

/** As the server takes it. */
function fit(text: string): string {
  const whole = text.replaceAll('\u0000', '\uFFFD').toWellFormed();
  return whole.length > TEXT_LENGTH_MAX ? `${whole.slice(0, TEXT_LENGTH_MAX)}…` : whole;
}
