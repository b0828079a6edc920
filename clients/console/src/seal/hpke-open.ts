/**
 * Opens what `contract/seal` seals: RFC 9180, base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305. The browser computes
 * with the key; the cipher, which browsers do not all have, is a library's.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';

import { type Bytes, bytesOf, concat } from './bytes.ts';
import type { SealKey } from './seal-key.ts';

export const NONCE_BYTES = 12;
const KEY_BYTES = 32;

const VERSION = bytesOf('HPKE-v1');
const KEM = concat(bytesOf('KEM'), uint16(0x00_20));
const SUITE = concat(bytesOf('HPKE'), uint16(0x00_20), uint16(1), uint16(3));
const MODE_BASE = Uint8Array.of(0);
const EMPTY = new Uint8Array();

interface Message {
  readonly enc: Bytes;
  readonly ciphertext: Bytes;
}

interface Context {
  readonly info: Bytes;
  readonly aad: Bytes;
}

/** Null: it was not sealed for this key, under this info and these additional data. */
export async function hpkeOpen(
  key: SealKey,
  { enc, ciphertext }: Message,
  { info, aad }: Context,
): Promise<Bytes | null> {
  const secret = await sharedSecret(key, enc);
  if (secret === null) return null;
  const context = concat(
    MODE_BASE,
    await extract(SUITE, EMPTY, 'psk_id_hash', EMPTY),
    await extract(SUITE, EMPTY, 'info_hash', info),
  );
  const prk = await extract(SUITE, secret, 'secret', EMPTY);
  const contentKey = await expand(SUITE, prk, { label: 'key', info: context, length: KEY_BYTES });
  const nonce = await expand(SUITE, prk, {
    label: 'base_nonce',
    info: context,
    length: NONCE_BYTES,
  });
  return aeadOpen(contentKey, nonce, { ciphertext, aad });
}

export function aeadOpen(
  key: Bytes,
  nonce: Bytes,
  { ciphertext, aad }: { readonly ciphertext: Bytes; readonly aad: Bytes },
): Bytes | null {
  try {
    return new Uint8Array(chacha20poly1305(key, nonce, aad).decrypt(ciphertext));
  } catch {
    return null;
  }
}

export async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data));
}

/** The KEM: one Diffie-Hellman, which fails when its outcome is all zeros, then extract and expand (section 4.1). */
async function sharedSecret({ privateKey, publicKey }: SealKey, enc: Bytes): Promise<Bytes | null> {
  try {
    const from = await crypto.subtle.importKey('raw', enc, { name: 'X25519' }, false, []);
    const dh = await crypto.subtle.deriveBits({ name: 'X25519', public: from }, privateKey, 256);
    const prk = await extract(KEM, EMPTY, 'eae_prk', new Uint8Array(dh));
    const info = concat(enc, publicKey);
    return await expand(KEM, prk, { label: 'shared_secret', info, length: KEY_BYTES });
  } catch {
    return null;
  }
}

const extract = (suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> =>
  hmac(
    salt.length === 0 ? new Uint8Array(KEY_BYTES) : salt,
    concat(VERSION, suite, bytesOf(label), ikm),
  );

/** Everything that is derived here fits in the first block of HKDF. */
async function expand(
  suite: Bytes,
  prk: Bytes,
  of: { readonly label: string; readonly info: Bytes; readonly length: number },
): Promise<Bytes> {
  const head = concat(uint16(of.length), VERSION, suite, bytesOf(of.label));
  return (await hmac(prk, concat(head, of.info, Uint8Array.of(1)))).slice(0, of.length);
}

function uint16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}
