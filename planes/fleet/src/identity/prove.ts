import { Fault } from '@sagewai/fault';
import type { RequestHead } from '@sagewai/http';

import type { FleetParts } from '../parts.ts';
import { PROOF_HEADER, readProof, type WorkerProof } from './worker-proof.ts';

/** The proof that came with a request; null without one. Throws when it proves nothing. */
export function readShownProof(
  { clock, settings }: Pick<FleetParts, 'clock' | 'settings'>,
  request: RequestHead,
  of: { readonly publicKey: string; readonly credential: string },
): WorkerProof | null {
  const text = request.headers[PROOF_HEADER];
  if (typeof text !== 'string' || text === '') return null;
  const read = readProof(text, {
    ...of,
    endpoint: request.endpoint,
    now: clock.now(),
    ageMsMax: settings.proofAgeMs,
  });
  if (read.kind === 'valid') return read.proof;
  throw new Fault('proof.required', `a proof was refused: ${read.why}`, {
    detail: `The proof of the worker's key pair is refused: ${read.why}.`,
  });
}

export function proofRequired(why: string): Fault {
  return new Fault('proof.required', why, {
    detail: `A proof of the worker's key pair is required: ${why}.`,
  });
}
