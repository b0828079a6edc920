import { createClient } from '@sagewai/sdk';
import {
  forgetWorkerCredential,
  readWorkerCredential,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
} from '@sagewai/sdk/node';
import { sealKeyText } from '@sagewai/seal';

import { declaresOtherwise } from './declares-otherwise.ts';
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
export async function enroll(
  options: WorkerOptions,
  log: WorkerLog,
  signal: AbortSignal,
): Promise<Identity> {
  // Somebody put a worker token where the enrollment key goes, or the other way: both fit there.
  const shown = options.workerToken || options.enrollmentKey;
  if (shown.startsWith('wrt-') && namesWorker(shown)) return { kind: 'token', token: shown };
  const kept = await readWorkerCredential(fileOf(options));
  const other = kept ? declaresOtherwise(kept, { ...options, ...sealKeyFor(kept, options) }) : null;
  if (kept && other === null) return identityOf(kept);
  if (other !== null) log.note(`its ${other} changed since it was registered: registering again`);
  const credential = await register(options, log, signal);
  await keep(credential, options, log);
  return identityOf(credential);
}

/** A key of its own is not worth another registration of a worker that was registered without. */
function sealKeyFor(kept: WorkerCredential, options: WorkerOptions): { seal_key?: string } {
  return kept.seal_key === undefined && !options.isSealKeyGiven ? {} : sealKeyOf(options);
}

const sealKeyOf = ({ sealKey }: WorkerOptions): { seal_key?: string } =>
  sealKey === null ? {} : { seal_key: sealKeyText(sealKey) };

/** A token of no worker yet is good for a registration. Only the server can say whether it is valid. */
function namesWorker(token: string): boolean {
  try {
    const [, body = ''] = token.replace('wrt-1.', '').split('.');
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    return typeof claims !== 'object' || claims === null || 'sub' in claims || !('jti' in claims);
  } catch {
    return true;
  }
}

/** After the server said that it does not know the credential (any more). */
export async function forget(options: WorkerOptions): Promise<void> {
  await forgetWorkerCredential(fileOf(options));
}

const fileOf = ({ home, url, name }: WorkerOptions): string =>
  workerCredentialFile(home, url, name);

/**
 * Takes one use of the enrollment key. When the answer is lost the use may be gone, and with it a worker
 * that nobody will ever be: the server cannot tell a repetition from a second worker of that name.
 */
async function register(
  options: WorkerOptions,
  log: WorkerLog,
  signal: AbortSignal,
): Promise<WorkerCredential> {
  const { url, name, pool, models, labels } = options;
  const shown = options.workerToken || options.enrollmentKey;
  const client = createClient({
    url,
    send: options.send,
    signal,
    headers: shown ? { 'x-enrollment-key': shown } : {},
    ...(options.organization ? { organization: options.organization } : {}),
  });
  const registered = await client.call('fleet.registerWorker', {
    body: {
      name,
      pool,
      models: [...models],
      labels: { ...labels },
      max_concurrent: options.maxConcurrent,
      ...(options.version === '' ? {} : { version: options.version }),
      ...sealKeyOf(options),
    },
  });
  log.note(`registered as ${registered.worker_id}: ${registered.status}`);
  if (registered.reason) log.warn(registered.reason);
  if (registered.dropped_models.length > 0) {
    log.warn(`the enrollment key does not allow ${registered.dropped_models.join(', ')}`);
  }
  return {
    url,
    name,
    worker_id: registered.worker_id,
    worker_secret: registered.worker_secret,
    organization_id: registered.organization_id,
    pool,
    models,
    labels,
    ...sealKeyOf(options),
  };
}

async function keep(
  credential: WorkerCredential,
  options: WorkerOptions,
  log: WorkerLog,
): Promise<void> {
  try {
    await saveWorkerCredential(fileOf(options), credential);
  } catch (error) {
    // The use of the key is taken: working without a file is better than taking another one.
    const { code = '', message } = error as NodeJS.ErrnoException;
    log.warn(`its credential cannot be kept (${code || message}): the next start registers again`);
  }
}

const identityOf = ({ worker_id, worker_secret }: WorkerCredential): Identity => ({
  kind: 'secret',
  workerId: worker_id,
  secret: worker_secret,
});
