import { randomUUID } from 'node:crypto';

import { type CallOutput, createClient } from '@sagewai/sdk';
import {
  createWorkerRenewals,
  proveWorker,
  type RenewalStore,
  type WorkerCredential,
} from '@sagewai/sdk/node';
import { sealKeyText } from '@sagewai/seal';

import type { Enrolling } from './enroll.ts';
import type { WorkerOptions } from './worker-options.ts';

type Registered = CallOutput<'fleet.registerWorker'>;

/**
 * Takes one use of the enrollment key. When the answer is lost, the same registration with the same key
 * pair is the same worker.
 */
export async function register({ options, log, signal }: Enrolling): Promise<WorkerCredential> {
  const { url, send, key, name, pool, models, labels } = options;
  const shown = options.workerToken || options.enrollmentKey;
  const client = createClient({
    url,
    send,
    signal,
    headers: {
      ...(shown ? { 'x-enrollment-key': shown } : {}),
      ...proveWorker(key, {
        endpoint: 'fleet.registerWorker',
        credential: shown,
        id: randomUUID(),
        generation: 0,
      }),
    },
    ...(options.organization ? { organization: options.organization } : {}),
    ...(options.project ? { project: options.project } : {}),
  });
  const registered = await client.call('fleet.registerWorker', {
    body: {
      name,
      pool,
      models: [...models],
      labels: { ...labels },
      max_concurrent: options.maxConcurrent,
      ...versionOf(options),
      ...sealKeyOf(options),
      public_key: key.publicKey,
    },
  });
  log.note(`registered as ${registered.worker_id}: ${registered.status}`);
  if (registered.reason) log.warn(registered.reason);
  if (registered.dropped_models.length > 0) {
    log.warn(`the enrollment key does not allow ${registered.dropped_models.join(', ')}`);
  }
  return { ...toCredential(registered, options), ...sealKeyOf(options) };
}

/** What a worker without a key pair shows to get one. */
export type Shown =
  | { readonly kind: 'secret'; readonly kept: WorkerCredential }
  | { readonly kind: 'token'; readonly token: string; readonly workerId: string };

/** Gives the server the key pair of a worker that it knows without one. It stays the same worker. */
export async function bringKey(
  { options, log, self, signal }: Enrolling,
  shown: Shown,
  store: RenewalStore,
): Promise<WorkerCredential> {
  const { url, send, key } = options;
  const isToken = shown.kind === 'token';
  const workerId = isToken ? shown.workerId : shown.kept.worker_id;
  const credential = isToken ? shown.token : shown.kept.worker_secret;
  const renewals = createWorkerRenewals({ store, workerId, holder: self.holder, generation: 0 });
  const proof = { endpoint: 'fleet.registerWorker', credential, ...renewals.take() } as const;
  const client = createClient({
    url,
    send,
    signal,
    headers: {
      ...(isToken
        ? { 'x-enrollment-key': credential }
        : { 'x-worker-id': workerId, 'x-worker-secret': credential }),
      ...proveWorker(key, proof),
    },
  });
  const body = { ...versionOf(options), public_key: key.publicKey };
  const registered = await client.call('fleet.registerWorker', { body });
  if (registered.generation !== undefined) {
    renewals.answered(registered.generation);
    log.note('its key pair is known to the server now');
  }
  const { seal_key } = isToken ? {} : shown.kept;
  const sealed = seal_key === undefined ? {} : { seal_key };
  return {
    ...toCredential(registered, isToken ? options : { ...options, ...shown.kept }),
    ...sealed,
  };
}

export const sealKeyOf = ({ sealKey }: WorkerOptions): { seal_key?: string } =>
  sealKey === null ? {} : { seal_key: sealKeyText(sealKey) };

function versionOf({ version }: WorkerOptions): { readonly version?: string } {
  return version === '' ? {} : { version };
}

function toCredential(
  registered: Registered,
  { url, name, pool, models, labels, key, project }: WorkerOptions,
): WorkerCredential {
  return {
    url,
    name,
    worker_id: registered.worker_id,
    worker_secret: registered.worker_secret,
    organization_id: registered.organization_id,
    ...(registered.generation === undefined ? {} : { public_key: key.publicKey.x }),
    pool,
    models,
    labels,
    ...(project ? { project } : {}),
  };
}
