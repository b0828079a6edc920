import { createClient, SagewaiError } from '@sagewai/sdk';
import {
  forgetWorkerCredential,
  readWorkerCredential,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
} from '@sagewai/sdk/node';

import type { WorkerLog } from './log.ts';
import type { WorkerOptions } from './worker-options.ts';

/** How the worker proves who it is when it opens a session. */
export type Identity =
  | { readonly kind: 'secret'; readonly workerId: string; readonly secret: string }
  | { readonly kind: 'token'; readonly token: string };

/**
 * The kept credential when it was made for these declarations, else a new registration. A pre-issued
 * token needs neither: it names a worker that exists.
 */
export async function enroll(options: WorkerOptions, log: WorkerLog): Promise<Identity> {
  if (options.workerToken) return { kind: 'token', token: options.workerToken };
  // Somebody put a worker token where the enrollment key goes: both fit there.
  if (options.enrollmentKey.startsWith('wrt-')) {
    return { kind: 'token', token: options.enrollmentKey };
  }
  const file = workerCredentialFile(options.home, options.url, options.name);
  const kept = await readWorkerCredential(file);
  if (kept && declaresTheSame(kept, options)) return identityOf(kept);
  if (kept) log.note('pool, models or labels have changed since registration: registering again');
  return identityOf(await register(options, file, log));
}

/** After the server said that it does not know the credential (any more). */
export async function forget(options: WorkerOptions): Promise<void> {
  await forgetWorkerCredential(workerCredentialFile(options.home, options.url, options.name));
}

async function register(
  options: WorkerOptions,
  file: string,
  log: WorkerLog,
): Promise<WorkerCredential> {
  const client = createClient({
    url: options.url,
    headers: options.enrollmentKey ? { 'x-enrollment-key': options.enrollmentKey } : {},
    ...(options.organization ? { organization: options.organization } : {}),
  });
  const registered = await client.call('fleet.registerWorker', {
    body: {
      name: options.name,
      pool: options.pool,
      models: [...options.models],
      labels: { ...options.labels },
      max_concurrent: options.maxConcurrent,
    },
  });
  const credential: WorkerCredential = {
    url: options.url,
    name: options.name,
    worker_id: registered.worker_id,
    worker_secret: registered.worker_secret,
    organization_id: registered.organization_id,
    pool: options.pool,
    models: options.models,
    labels: options.labels,
  };
  await saveWorkerCredential(file, credential);
  log.note(`registered as ${registered.worker_id}: ${registered.status}`);
  if (registered.reason) log.warn(registered.reason);
  if (registered.dropped_models.length > 0) {
    log.warn(`the enrollment key does not allow ${registered.dropped_models.join(', ')}`);
  }
  return credential;
}

function declaresTheSame(kept: WorkerCredential, options: WorkerOptions): boolean {
  const facts = ({
    pool,
    models,
    labels,
  }: Pick<WorkerCredential, 'pool' | 'models' | 'labels'>): string =>
    JSON.stringify([
      pool,
      models,
      Object.entries(labels)
        .map((pair) => pair.join('='))
        .toSorted(),
    ]);
  return facts(kept) === facts(options);
}

const identityOf = ({ worker_id, worker_secret }: WorkerCredential): Identity => ({
  kind: 'secret',
  workerId: worker_id,
  secret: worker_secret,
});

/** Whether trying again can help, or a person must act. */
export function isLasting(thrown: unknown): thrown is SagewaiError {
  return thrown instanceof SagewaiError && !thrown.retryable && thrown.status >= 400;
}
