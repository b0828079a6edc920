/**
 * A worker's proof that it holds its private key: a compact JWS (EdDSA, Ed25519) in `X-Worker-Proof`. It is
 * for one request (method and path of the endpoint), one credential (its hash), and a moment; `jti` names
 * what it asks for. The signature is checked before anything inside is believed.
 */
import { hash } from 'node:crypto';

import { importPublicJwk, verifyBytes } from '@sagewai/crypto';
import type { Endpoint } from '@sagewai/wire';

export const PROOF_HEADER = 'x-worker-proof';
const TYP = 'worker-proof+jwt';
const TEXT_MAX = 2_000;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface WorkerProof {
  /** Names the registration or renewal: the same again is a repetition. */
  readonly id: string;
  /** Of the worker's token, as the worker knows it; 0 at its registration. */
  readonly generation: bigint;
}

export type ReadProof =
  | { readonly kind: 'valid'; readonly proof: WorkerProof }
  | { readonly kind: 'refused'; readonly why: string };

export interface ExpectedProof {
  /** The `x` of the worker's public JWK. */
  readonly publicKey: string;
  readonly endpoint: Pick<Endpoint, 'method' | 'path'>;
  /** The credential that came with it; empty without one. */
  readonly credential: string;
  readonly now: Date;
  /** How old it may be, and how far two clocks may differ. */
  readonly ageMsMax: number;
}

export function readProof(text: string, expected: ExpectedProof): ReadProof {
  const [head = '', body = '', signature = '', ...rest] = text.split('.');
  if (text.length > TEXT_MAX || rest.length > 0) return refused('it is malformed');
  if (!isSigned({ signed: `${head}.${body}`, signature }, expected.publicKey)) {
    return refused('it is not signed with the key of the worker');
  }
  const header = decode(head);
  const claims = decode(body);
  if (header['alg'] !== 'EdDSA' || header['typ'] !== TYP) return refused('it is of another kind');
  return judge(claims, expected);
}

function judge(claims: Readonly<Record<string, unknown>>, expected: ExpectedProof): ReadProof {
  const { htm, htu, ath, iat, jti, gen } = claims;
  const { endpoint, credential, now, ageMsMax } = expected;
  if (htm !== endpoint.method || htu !== endpoint.path) return refused('it is for another request');
  if (ath !== hash('sha256', credential, 'base64url'))
    return refused('it is for another credential');
  if (typeof iat !== 'number' || typeof jti !== 'string' || !UUID.test(jti)) {
    return refused('it is malformed');
  }
  const skewMs = now.getTime() - iat * 1_000;
  if (!(Math.abs(skewMs) <= ageMsMax)) {
    return refused(`it is not of this time: the clocks differ by ${Math.round(skewMs / 1_000)} s`);
  }
  if (typeof gen !== 'number' || !Number.isSafeInteger(gen) || gen < 0) {
    return refused('it is malformed');
  }
  return { kind: 'valid', proof: { id: jti, generation: BigInt(gen) } };
}

function isSigned(
  { signed, signature }: { readonly signed: string; readonly signature: string },
  publicKey: string,
): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  // As text too, so that no second spelling of it passes.
  if (bytes.length !== 64 || bytes.toString('base64url') !== signature) return false;
  const key = importPublicJwk({ kty: 'OKP', crv: 'Ed25519', x: publicKey });
  return verifyBytes(key, Buffer.from(signed), bytes);
}

function decode(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const refused = (why: string): ReadProof => ({ kind: 'refused', why });
