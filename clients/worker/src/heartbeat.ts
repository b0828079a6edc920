import { getAsset, isSea } from 'node:sea';
import { Worker, type WorkerOptions } from 'node:worker_threads';

import type { NodeSendOptions } from '@sagewai/sdk/node';

import type { WireLeaseName } from './lease.ts';
import type { Probe } from './probe-models.ts';
import type { Renewing, Session } from './session.ts';

export type WorkerStatus = Session['status'];

export interface HeartbeatStart {
  readonly url: string;
  readonly serverTls: NodeSendOptions;
  readonly workerId: string;
  readonly token: string;
  readonly renewing: Renewing | null;
  readonly status: WorkerStatus;
  readonly intervalMs: number;
}

export type ToHeartbeat =
  /** The runs that are held from now on. */
  | { readonly kind: 'hold'; readonly runs: readonly WireLeaseName[] }
  /** What the next beat tells of models; `isNews`: it does not wait for its time. */
  | { readonly kind: 'probed'; readonly probes: readonly Probe[]; readonly isNews: boolean };

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

export type FromHeartbeat =
  | {
      readonly kind: 'beaten';
      readonly status: WorkerStatus;
      readonly cancel: readonly string[];
      /** With the epochs under which they were named: the same run may be ours again meanwhile. */
      readonly lost: readonly WireLeaseName[];
      readonly token: string | null;
      /** An administrator asks the worker to go. */
      readonly draining: boolean;
    }
  /** The server will not take it, however often it is said. */
  | ({ readonly kind: 'refused' } & Refusal)
  /** No answer this time; it is tried again. */
  | { readonly kind: 'missed'; readonly detail: string }
  /** It asks for no new token: the name of the renewal cannot be kept. */
  | { readonly kind: 'unkept'; readonly detail: string }
  | { readonly kind: 'died'; readonly detail: string };

export interface Heartbeat {
  /**
   * Tells what is held: a lease that the server has and this list lacks goes back to the queue. So a run
   * is named before its first instruction and until its report has been taken.
   */
  hold(runs: readonly WireLeaseName[]): void;
  tell(probes: readonly Probe[], isNews: boolean): void;
  stop(): Promise<void>;
}

/** Starts the signs of life of one session, in a thread of their own. */
export function startHeartbeat(
  session: Session,
  { url, serverTls }: Pick<HeartbeatStart, 'url' | 'serverTls'>,
  onMessage: (message: FromHeartbeat) => void,
): Heartbeat {
  const start: HeartbeatStart = {
    url,
    serverTls,
    workerId: session.workerId,
    token: session.token(),
    renewing: session.renewing,
    status: session.status,
    intervalMs: session.heartbeatIntervalMs,
  };
  const thread = openThread({
    workerData: start,
    // The process's own flags (`--eval`, `--inspect`) are not for a thread.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  const post = (message: ToHeartbeat): void => thread.postMessage(message);
  thread.on('message', onMessage);
  thread.on('error', (error: Error) => onMessage({ kind: 'died', detail: error.message }));
  return {
    hold: (runs) => post({ kind: 'hold', runs }),
    tell: (probes, isNews) => post({ kind: 'probed', probes, isNews }),
    stop: async () => void (await thread.terminate()),
  };
}

function openThread(options: WorkerOptions): Worker {
  // A single file has nothing beside it: the thread is kept in it as text.
  if (isSea())
    return new Worker(getAsset('heartbeat-thread.js', 'utf8'), { ...options, eval: true });
  // Type stripping keeps the file's own extension; a published build has the other one.
  const file = import.meta.url.endsWith('.ts') ? './heartbeat-thread.ts' : './heartbeat-thread.js';
  return new Worker(new URL(file, import.meta.url), options);
}
