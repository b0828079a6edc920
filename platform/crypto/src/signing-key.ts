import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

import { deriveBytes } from './master-key.ts';

/** PKCS #8 (RFC 8410) up to the 32 bytes of an Ed25519 private key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The public half as it travels (RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** 32 bytes in base64url. */
  readonly x: string;
}

export const generateSigningKey = (): SigningKey => generateKeyPairSync('ed25519');

/** The same key from the same master and purpose, so that it need not be stored. */
export function deriveSigningKey(master: KeyObject, purpose: string): SigningKey {
  const seed = deriveBytes(master, `sign/${purpose}`);
  const key = Buffer.concat([PKCS8_HEAD, seed]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** Ed25519, 64 bytes. */
export const signBytes = (privateKey: KeyObject, data: Uint8Array): Buffer =>
  sign(null, data, privateKey);

export const verifyBytes = (
  publicKey: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean => verify(null, data, publicKey, signature);

export function publicJwk(publicKey: KeyObject): PublicJwk {
  const { x } = publicKey.export({ format: 'jwk' });
  if (publicKey.asymmetricKeyType !== 'ed25519' || x === undefined) {
    throw new TypeError('expected an Ed25519 public key');
  }
  return { kty: 'OKP', crv: 'Ed25519', x };
}

export const importPublicJwk = (jwk: PublicJwk): KeyObject =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' });

/** Names a key (RFC 7638): SHA-256 over its required members in order, in base64url. */
export const jwkThumbprint = ({ crv, kty, x }: PublicJwk): string =>
  hash('sha256', JSON.stringify({ crv, kty, x }), 'base64url');
