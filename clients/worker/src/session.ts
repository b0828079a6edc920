import { type CallOutput, createClient, type SagewaiClient } from '@sagewai/sdk';
import { createWorkerRenewals, proveWorker, type RenewalStore } from '@sagewai/sdk/node';

import type { Identity } from './enroll.ts';
import type { WorkerOptions } from './worker-options.ts';

type Opened = CallOutput<'fleet.openWorkerSession'>;

/** How the next tokens of a session are asked for; all of it can go to a thread. */
export interface Renewing {
  readonly store: RenewalStore;
  readonly holder: string;
  /** PEM. */
  readonly privateKey: string;
  /** From the opening. */
  readonly inMs: number;
}

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
  /** Null: its token is bound to no key pair, and the server renews it unasked. */
  readonly renewing: Renewing | null;
  /** Sends the token that is valid now; the heartbeat renews it. */
  readonly client: SagewaiClient;
  token(): string;
  renew(token: string): void;
  /** Whether another process of the same home has opened a newer one. */
  isTaken(): boolean;
}

export async function openSession(
  options: WorkerOptions,
  identity: Identity,
  { holder, signal }: { readonly holder: string; readonly signal: AbortSignal },
): Promise<Session> {
  const { url, send, key } = options;
  const { renewals, headers } = showing(options, identity, holder);
  const opener = createClient({
    url,
    send,
    signal,
    headers,
    ...(identity.kind === 'token' ? { token: identity.token } : {}),
  });
  const query = options.version === '' ? {} : { version: options.version };
  const opened = await opener.call('fleet.openWorkerSession', { query });
  if (opened.generation !== undefined) renewals?.answered(opened.generation);
  let token = opened.token;
  return {
    workerId: opened.worker_id,
    epoch: opened.session_epoch,
    status: opened.status,
    capabilities: opened.capabilities,
    maxConcurrent: Math.min(options.maxConcurrent, opened.capabilities.max_concurrent),
    heartbeatIntervalMs: Math.min(options.heartbeatIntervalMs, opened.heartbeat_interval_ms),
    renewing: renewing(opened, identity, { holder, privateKey: key.privateKey }),
    client: createClient({ url, send, token: () => token }),
    token: () => token,
    renew: (next) => {
      token = next;
    },
    isTaken: () => renewals?.isTaken() ?? true,
  };
}

function showing({ key }: WorkerOptions, identity: Identity, holder: string) {
  if (identity.kind === 'token') return { renewals: null, headers: {} };
  const { workerId, secret, renewals: store } = identity;
  const headers = { 'x-worker-id': workerId, 'x-worker-secret': secret };
  if (store === null) return { renewals: null, headers };
  const renewals = createWorkerRenewals({ store, workerId, holder });
  const proof = proveWorker(key, {
    endpoint: 'fleet.openWorkerSession',
    credential: secret,
    ...renewals.take(),
  });
  return { renewals, headers: { ...headers, ...proof } };
}

function renewing(
  { generation, token_renew_in_ms: inMs }: Opened,
  identity: Identity,
  process: Pick<Renewing, 'holder' | 'privateKey'>,
): Renewing | null {
  const store = identity.kind === 'secret' ? identity.renewals : null;
  if (store === null || generation === undefined || inMs === undefined) return null;
  return { store, inMs, ...process };
}
