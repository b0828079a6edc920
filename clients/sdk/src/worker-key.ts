import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { linkSync, readFileSync, rmSync } from 'node:fs';

import { syncFolder, writeDraft } from './replace-file.ts';

/** A worker's own key pair. The private key stays on its machine. */
export interface WorkerKey {
  readonly publicKey: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

export function makeWorkerKey(): WorkerKey {
  return toWorkerKey(generateKeyPairSync('ed25519').privateKey);
}

/** Beside the credential that it proves. */
export function workerKeyFile(credentialFile: string): string {
  return credentialFile.replace(/\.json$/, '.key');
}

/** The kept key pair, made when there is none. Two processes that come at once get the same one. */
export function keepWorkerKey(file: string): WorkerKey {
  const kept = readWorkerKey(file);
  if (kept !== null) return kept;
  const made = makeWorkerKey();
  const draft = writeDraft(file, made.privateKey);
  try {
    linkSync(draft, file);
    syncFolder(file);
    return made;
  } catch (error) {
    const first = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readWorkerKey(file) : null;
    if (first !== null) return first;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

export function forgetWorkerKey(file: string): void {
  rmSync(file, { force: true });
}

function readWorkerKey(file: string): WorkerKey | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return toWorkerKey(createPrivateKey(text));
  } catch (cause) {
    // Another key pair is another worker: that is not for us to decide.
    throw new Error(`${file} holds no Ed25519 key; remove it to enroll with another`, { cause });
  }
}

function toWorkerKey(privateKey: KeyObject): WorkerKey {
  const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) throw new Error('no Ed25519 key');
  return {
    publicKey: { kty, crv, x },
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
