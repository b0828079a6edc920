import { type CallOutput, createClient, type SagewaiClient } from '@sagewai/sdk';

import type { Identity } from './enroll.ts';
import type { WorkerOptions } from './worker-options.ts';

type Opened = CallOutput<'fleet.openWorkerSession'>;

/** One session of this worker with the server: from now on, runs of earlier sessions are not ours. */
export interface Session {
  readonly workerId: string;
  readonly epoch: number;
  /** As it was when the session was opened. */
  readonly status: Opened['status'];
  /** What the server has recorded: only this counts, whatever the worker was told. */
  readonly capabilities: Opened['capabilities'];
  readonly maxConcurrent: number;
  readonly heartbeatIntervalMs: number;
  /** Sends the token that is valid now; the heartbeat renews it. */
  readonly client: SagewaiClient;
  token(): string;
  renew(token: string): void;
}

export async function openSession(
  options: WorkerOptions,
  identity: Identity,
  signal: AbortSignal,
): Promise<Session> {
  const { url, send } = options;
  const opener = createClient({
    url,
    send,
    signal,
    ...(identity.kind === 'token' ? { token: identity.token } : {}),
    headers:
      identity.kind === 'secret'
        ? { 'x-worker-id': identity.workerId, 'x-worker-secret': identity.secret }
        : {},
  });
  const query = options.version === '' ? {} : { version: options.version };
  const opened = await opener.call('fleet.openWorkerSession', { query });
  let token = opened.token;
  return {
    workerId: opened.worker_id,
    epoch: opened.session_epoch,
    status: opened.status,
    capabilities: opened.capabilities,
    maxConcurrent: Math.min(options.maxConcurrent, opened.capabilities.max_concurrent),
    heartbeatIntervalMs: Math.min(options.heartbeatIntervalMs, opened.heartbeat_interval_ms),
    client: createClient({ url, send, token: () => token }),
    token: () => token,
    renew: (next) => {
      token = next;
    },
  };
}
