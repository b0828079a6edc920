import { createPrivateKey } from 'node:crypto';

import { selfSign } from '@sagewai/certificate';
import {
  createNodeSend,
  keepWorkerKey,
  makeWorkerKey,
  type WorkerKey,
  workerCredentialFile,
  workerKeyFile,
} from '@sagewai/sdk/node';

import type { WorkerLog } from './log.ts';
import type { WorkerOptions } from './worker-options.ts';

type Place = Pick<WorkerOptions, 'home' | 'url' | 'name'>;
type OfTheKey = Pick<WorkerOptions, 'key' | 'serverTls' | 'send'>;

const DAY_MS = 86_400_000;
const CERTIFICATE_DAYS = 3_650;
/** RFC 5280 allows no longer one. */
const COMMON_NAME_MAX = 64;

export const keyFileOf = ({ home, url, name }: Place): string =>
  workerKeyFile(workerCredentialFile(home, url, name));

/** The worker's key pair, made at its first start. */
export function takeKey(place: Place, log: WorkerLog): WorkerKey {
  try {
    return keepWorkerKey(keyFileOf(place));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    log.warn(`its key pair cannot be kept (${code}): the next start is another worker`);
    return makeWorkerKey();
  }
}

/** How this worker speaks to its server with this key pair, and with no other. */
export function withKey(
  key: WorkerKey,
  { name, mtls, serverTls: { ca = null } }: Pick<WorkerOptions, 'name' | 'mtls' | 'serverTls'>,
): OfTheKey {
  const serverTls = mtls ? { ca, ...certificateOf(key, name) } : { ca };
  return { key, serverTls, send: createNodeSend(serverTls) };
}

/** It proves the key and nothing else, so it is made anew at each start. */
function certificateOf(
  { privateKey }: WorkerKey,
  name: string,
): { readonly cert: string; readonly key: string } {
  const { certificate: cert, key } = selfSign({
    key: createPrivateKey(privateKey),
    commonName: name.slice(0, COMMON_NAME_MAX),
    // Two clocks may differ.
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + CERTIFICATE_DAYS * DAY_MS),
  });
  return { cert, key };
}
