import { createHash, createPrivateKey, sign } from 'node:crypto';

import { PATHS } from './paths.ts';
import type { WorkerKey } from './worker-key.ts';

export interface ProofOf {
  /** The request that it is for, and no other. */
  readonly endpoint: 'fleet.registerWorker' | 'fleet.openWorkerSession' | 'fleet.heartbeat';
  /** What it is shown with; empty without one. */
  readonly credential: string;
  /** Names what is asked for; the same again is answered the same. */
  readonly id: string;
  /** Of the worker's token, as far as the worker knows; 0 at its registration. */
  readonly generation: number;
}

/** The header that proves that the sender holds a worker's private key. */
export function proveWorker(
  { privateKey }: Pick<WorkerKey, 'privateKey'>,
  { endpoint, credential, id, generation }: ProofOf,
): { readonly 'x-worker-proof': string } {
  const [method, path] = PATHS[endpoint];
  const signed = [
    { alg: 'EdDSA', typ: 'worker-proof+jwt' },
    {
      htm: method,
      htu: path,
      ath: createHash('sha256').update(credential).digest('base64url'),
      iat: Math.floor(Date.now() / 1_000),
      jti: id,
      gen: generation,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign(null, Buffer.from(signed), createPrivateKey(privateKey));
  return { 'x-worker-proof': `${signed}.${signature.toString('base64url')}` };
}
