import { Worker } from 'node:worker_threads';

import type { Session } from './session.ts';

export interface HeartbeatStart {
  readonly url: string;
  readonly token: string;
  readonly intervalMs: number;
}

export type ToHeartbeat =
  | { readonly kind: 'held'; readonly runs: readonly { run_id: string; epoch: number }[] }
  | { readonly kind: 'token'; readonly token: string };

export type FromHeartbeat =
  | {
      readonly kind: 'beaten';
      readonly status: 'pending' | 'approved' | 'rejected' | 'revoked';
      readonly cancel: readonly string[];
      readonly lost: readonly string[];
      readonly token: string | null;
    }
  /** The server will not take it, however often it is said. */
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  /** No answer this time. */
  | { readonly kind: 'missed'; readonly status: number; readonly detail: string };

export interface Heartbeat {
  /** Tells which runs are held; a lease that the server has and this list lacks goes back to the queue. */
  hold(runs: readonly { run_id: string; epoch: number }[]): void;
  stop(): Promise<void>;
}

/** Starts the signs of life of one session, in a thread of their own. */
export function startHeartbeat(
  session: Session,
  url: string,
  onMessage: (message: FromHeartbeat) => void,
): Heartbeat {
  const start: HeartbeatStart = {
    url,
    token: session.token(),
    intervalMs: session.heartbeatIntervalMs,
  };
  // Type stripping keeps the file's own extension; a published build has the other one.
  const file = import.meta.url.endsWith('.ts') ? './heartbeat-thread.ts' : './heartbeat-thread.js';
  const thread = new Worker(new URL(file, import.meta.url), {
    workerData: start,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
  });
  thread.on('message', onMessage);
  thread.on('error', (error: Error) =>
    onMessage({
      kind: 'refused',
      status: 0,
      detail: `the heartbeat thread died: ${error.message}`,
    }),
  );
  return {
    hold: (runs) => thread.postMessage({ kind: 'held', runs } satisfies ToHeartbeat),
    stop: async () => void (await thread.terminate()),
  };
}
