import { SagewaiError } from '@sagewai/sdk';
import {
  forgetWorkerCredential,
  forgetWorkerKey,
  forgetWorkerRenewals,
  readWorkerCredential,
  type RenewalStore,
  saveWorkerCredential,
  type WorkerCredential,
  workerCredentialFile,
  workerRenewalsFile,
} from '@sagewai/sdk/node';

import { declaresOtherwise } from './declares-otherwise.ts';
import type { WorkerLog } from './log.ts';
import { namesWorker, workerNamedBy } from './names-worker.ts';
import { keyFileOf } from './own-key.ts';
import { bringKey, register, sealKeyOf } from './register.ts';
import type { WorkerOptions } from './worker-options.ts';

/** How the worker proves who it is when it opens a session. */
export type Identity =
  | {
      readonly kind: 'secret';
      readonly workerId: string;
      readonly secret: string;
      /** Where its generations are counted; null: the server knows no key pair of it. */
      readonly renewals: RenewalStore | null;
    }
  | { readonly kind: 'token'; readonly token: string };

/** What one process of a worker knows of itself, from one session to the next. */
export interface Self {
  /** Names the process. */
  readonly holder: string;
  /** For a home that cannot be written. */
  readonly memory: SharedArrayBuffer;
  /** The last credential, where it could not be kept. */
  unkept: WorkerCredential | null;
  /** Whether the server has answered that it takes no key pair of a worker that it knows. */
  isKeyless: boolean;
}

export interface Enrolling {
  readonly options: WorkerOptions;
  readonly log: WorkerLog;
  readonly self: Self;
  readonly signal: AbortSignal;
}

/**
 * The kept credential when it was made for these declarations, else a new registration. A token that was
 * issued for a worker needs neither.
 */
export async function enroll(enrolling: Enrolling): Promise<Identity> {
  const { options, log, self } = enrolling;
  // Somebody put a worker token where the enrollment key goes, or the other way: both fit there.
  const shown = options.workerToken || options.enrollmentKey;
  const kept = (await readWorkerCredential(fileOf(options))) ?? self.unkept;
  if (shown.startsWith('wrt-') && namesWorker(shown)) {
    const isIts = kept?.public_key !== undefined && kept.worker_id === workerNamedBy(shown);
    return isIts ? identityOf(kept, enrolling) : { kind: 'token', token: shown };
  }
  const other = kept ? differs(kept, options) : null;
  if (kept && other === null) return identityOf(await bound(kept, enrolling), enrolling);
  if (other !== null) log.note(`its ${other} changed since it was registered: registering again`);
  const credential = await register(enrolling);
  self.isKeyless = credential.public_key === undefined;
  await keep(credential, enrolling);
  return identityOf(credential, enrolling);
}

/** Makes the worker of an issued token its own: it brings its key pair, and gets a secret. */
export async function bringKeyByToken(enrolling: Enrolling, token: string): Promise<Identity> {
  const workerId = workerNamedBy(token) ?? '';
  const store = workerRenewalsFile(fileOf(enrolling.options));
  const credential = await bringKey(enrolling, { kind: 'token', token, workerId }, store);
  await keep(credential, enrolling);
  return identityOf(credential, enrolling);
}

/** After the server said that it does not know the credential (any more). */
export async function forget({ options, self }: Enrolling): Promise<void> {
  const file = fileOf(options);
  self.unkept = null;
  await forgetWorkerCredential(file);
  forgetWorkerRenewals(workerRenewalsFile(file));
}

/** An evicted worker's credential may have been copied, and its key with it. */
export const forgetKey = ({ options }: Enrolling): void => forgetWorkerKey(keyFileOf(options));

const fileOf = ({ home, url, name }: WorkerOptions): string =>
  workerCredentialFile(home, url, name);

/** A key of its own is not worth another registration of a worker that was registered without. */
function sealKeyFor(kept: WorkerCredential, options: WorkerOptions): { seal_key?: string } {
  return kept.seal_key === undefined && !options.isSealKeyGiven ? {} : sealKeyOf(options);
}

function differs(kept: WorkerCredential, options: WorkerOptions): string | null {
  const { public_key: known } = kept;
  const isOwn = known === undefined || known === options.key.publicKey.x;
  return isOwn ? declaresOtherwise(kept, { ...options, ...sealKeyFor(kept, options) }) : 'key pair';
}

/** A credential from before there were key pairs gets one, where the server knows of them. */
async function bound(kept: WorkerCredential, enrolling: Enrolling): Promise<WorkerCredential> {
  if (kept.public_key !== undefined || enrolling.self.isKeyless) return kept;
  try {
    const bearing = await bringKey(enrolling, { kind: 'secret', kept }, storeOf(enrolling));
    await keep(bearing, enrolling);
    enrolling.self.isKeyless = bearing.public_key === undefined;
    return bearing;
  } catch (thrown) {
    const why = whyUnbound(thrown);
    if (why === null) throw thrown;
    enrolling.self.isKeyless = true;
    enrolling.log.note(`it goes on without a key pair: ${why}`);
    return kept;
  }
}

/** An older server, a home that cannot be written, or a credential that opens no session either. */
function whyUnbound(thrown: unknown): string | null {
  if (thrown instanceof SagewaiError) return thrown.retryable ? null : thrown.detail;
  return (thrown as NodeJS.ErrnoException).code ?? null;
}

async function keep(
  credential: WorkerCredential,
  { options, log, self }: Enrolling,
): Promise<void> {
  try {
    await saveWorkerCredential(fileOf(options), credential);
    self.unkept = null;
  } catch (error) {
    // The use of the key is taken: working without a file is better than taking another one.
    const { code = '', message } = error as NodeJS.ErrnoException;
    log.warn(`its credential cannot be kept (${code || message}): the next start registers again`);
    self.unkept = credential;
  }
}

function identityOf(
  { worker_id: workerId, worker_secret: secret, public_key: key }: WorkerCredential,
  enrolling: Enrolling,
): Identity {
  const renewals = key === undefined ? null : storeOf(enrolling);
  return { kind: 'secret', workerId, secret, renewals };
}

const storeOf = ({ options, self }: Enrolling): RenewalStore =>
  self.unkept === null ? workerRenewalsFile(fileOf(options)) : self.memory;
