import { createPublicKey, type KeyObject } from 'node:crypto';

import { type Cbor, isCborMap, readCbor } from './read-cbor.ts';

/** What the authenticator itself says (WebAuthn, section 6.1). */
export interface AuthenticatorData {
  readonly rpIdHash: Buffer;
  readonly isUserPresent: boolean;
  readonly isUserVerified: boolean;
  readonly isBackedUp: boolean;
  readonly signCount: number;
  /** At registration. */
  readonly credential: { readonly id: Buffer; readonly publicKey: KeyObject } | null;
}

const HEAD_BYTES = 37;
const AAGUID_BYTES = 16;
const FLAGS = { present: 0x01, verified: 0x04, backedUp: 0x10, attested: 0x40 } as const;
/** WebAuthn allows no longer ones. */
const CREDENTIAL_ID_BYTES_MAX = 1023;

/** Null when it cannot be read, or its key is of a kind that we did not ask for. */
export function readAuthenticatorData(bytes: Buffer): AuthenticatorData | null {
  if (bytes.length < HEAD_BYTES) return null;
  const flags = bytes.readUInt8(32);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const credential = has(FLAGS.attested) ? readCredential(bytes.subarray(HEAD_BYTES)) : null;
  if (has(FLAGS.attested) && credential === null) return null;
  return {
    rpIdHash: bytes.subarray(0, 32),
    isUserPresent: has(FLAGS.present),
    isUserVerified: has(FLAGS.verified),
    isBackedUp: has(FLAGS.backedUp),
    signCount: bytes.readUInt32BE(33),
    credential,
  };
}

function readCredential(bytes: Buffer): AuthenticatorData['credential'] {
  if (bytes.length < AAGUID_BYTES + 2) return null;
  const length = bytes.readUInt16BE(AAGUID_BYTES);
  const start = AAGUID_BYTES + 2;
  if (length > CREDENTIAL_ID_BYTES_MAX || bytes.length < start + length) return null;
  const key = readCbor(bytes.subarray(start + length))?.value;
  const publicKey = isCborMap(key) ? toPublicKey(key) : null;
  return publicKey && { id: bytes.subarray(start, start + length), publicKey };
}

/** The kinds of keys that we ask for, best first, by their numbers in COSE. */
export const KEY_ALGORITHMS = [-8, -7, -257] as const;

function toPublicKey(key: ReadonlyMap<number | string, Cbor>): KeyObject | null {
  const jwk = toJwk(key);
  if (jwk === null) return null;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return null;
  }
}

function toJwk(key: ReadonlyMap<number | string, Cbor>): Record<string, string> | null {
  const text = (name: number): string => {
    const value = key.get(name);
    return Buffer.isBuffer(value) ? value.toString('base64url') : '';
  };
  const is = (kind: number, algorithm: number, curve: number | null): boolean =>
    key.get(1) === kind && key.get(3) === algorithm && (curve === null || key.get(-1) === curve);
  if (is(1, -8, 6)) return { kty: 'OKP', crv: 'Ed25519', x: text(-2) };
  if (is(2, -7, 1)) return { kty: 'EC', crv: 'P-256', x: text(-2), y: text(-3) };
  if (is(3, -257, null)) return { kty: 'RSA', n: text(-1), e: text(-2) };
  return null;
}
