/**
 * HPKE (RFC 9180), base mode, single-shot, one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * ChaCha20Poly1305. Each message has an ephemeral key of its own, so its nonce is the first and the last.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

import { type AeadKey, aeadOpen, aeadSeal, KEY_BYTES, NONCE_BYTES } from './aead.ts';

const HASH_BYTES = 32;

const VERSION = Buffer.from('HPKE-v1');
const KEM = Buffer.concat([Buffer.from('KEM'), uint16(0x00_20)]);
const SUITE = Buffer.concat([Buffer.from('HPKE'), uint16(0x00_20), uint16(1), uint16(3)]);
const MODE_BASE = Buffer.of(0);
const EMPTY = Buffer.alloc(0);

/** Of a DER that holds nothing but the raw key after it (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b656e032100', 'hex');

/** X25519; the public half is 32 raw bytes. */
export interface HpkeKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: Uint8Array;
}

export interface HpkeMessage {
  /** The ephemeral public key. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

interface Context {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

export function makeHpkeKeyPair(): HpkeKeyPair {
  const { privateKey } = generateKeyPairSync('x25519');
  return { privateKey, publicKey: publicBytes(privateKey) };
}

/** Null when it is not 32 bytes. */
export function hpkeKeyPair(privateBytes: Uint8Array): HpkeKeyPair | null {
  if (privateBytes.length !== KEY_BYTES) return null;
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, privateBytes]),
    format: 'der',
    type: 'pkcs8',
  });
  return { privateKey, publicKey: publicBytes(privateKey) };
}

export const hpkePrivateBytes = ({ privateKey }: Pick<HpkeKeyPair, 'privateKey'>): Buffer =>
  privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES);

/** Null when the public key is none: not 32 bytes, or one with which every secret would be the same. */
export function hpkeSeal(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  { info, aad }: Context,
  ephemeral: HpkeKeyPair = makeHpkeKeyPair(),
): HpkeMessage | null {
  const enc = ephemeral.publicKey;
  const secret = sharedSecret(ephemeral.privateKey, publicKey, [enc, publicKey]);
  if (secret === null) return null;
  return { enc, ciphertext: aeadSeal(schedule(secret, info), plaintext, aad) };
}

/** Null: it was not sealed for this key, under this info and these additional data. */
export function hpkeOpen(
  { privateKey, publicKey }: HpkeKeyPair,
  { enc, ciphertext }: HpkeMessage,
  { info, aad }: Context,
): Buffer | null {
  const secret = sharedSecret(privateKey, enc, [enc, publicKey]);
  return secret === null ? null : aeadOpen(schedule(secret, info), ciphertext, aad);
}

/** The KEM: one Diffie-Hellman, then extract and expand over both public keys (section 4.1). */
function sharedSecret(
  privateKey: KeyObject,
  publicKey: Uint8Array,
  context: readonly Uint8Array[],
): Buffer | null {
  if (publicKey.length !== KEY_BYTES) return null;
  const key = Buffer.concat([SPKI_HEAD, publicKey]);
  try {
    // It throws when the outcome is all zeros, which RFC 9180 (7.1.4) wants refused.
    const dh = diffieHellman({
      privateKey,
      publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
    });
    const prk = extract(KEM, EMPTY, 'eae_prk', dh);
    return expand(KEM, prk, { label: 'shared_secret', info: context, length: HASH_BYTES });
  } catch {
    return null;
  }
}

/** Section 5.1, without a pre-shared key. */
function schedule(secret: Uint8Array, info: Uint8Array): AeadKey {
  const context = [
    MODE_BASE,
    extract(SUITE, EMPTY, 'psk_id_hash', EMPTY),
    extract(SUITE, EMPTY, 'info_hash', info),
  ];
  const prk = extract(SUITE, secret, 'secret', EMPTY);
  return {
    key: expand(SUITE, prk, { label: 'key', info: context, length: KEY_BYTES }),
    nonce: expand(SUITE, prk, { label: 'base_nonce', info: context, length: NONCE_BYTES }),
  };
}

function extract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return hmac(salt.length === 0 ? Buffer.alloc(HASH_BYTES) : salt, [
    VERSION,
    suite,
    Buffer.from(label),
    ikm,
  ]);
}

/** Everything that is derived here fits in the first block of HKDF. */
function expand(
  suite: Uint8Array,
  prk: Uint8Array,
  of: { readonly label: string; readonly info: readonly Uint8Array[]; readonly length: number },
): Buffer {
  const { label, info, length } = of;
  const head = [uint16(length), VERSION, suite, Buffer.from(label)];
  return hmac(prk, [...head, ...info, Buffer.of(1)]).subarray(0, length);
}

function hmac(key: Uint8Array, parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

const publicBytes = (privateKey: KeyObject): Buffer =>
  createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
