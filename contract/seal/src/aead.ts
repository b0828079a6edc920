import { createCipheriv, createDecipheriv } from 'node:crypto';

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key with its nonce: for one message. */
export interface AeadKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** ChaCha20-Poly1305; the tag stands at the end. */
export function aeadSeal({ key, nonce }: AeadKey, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad, { plaintextLength: plaintext.length });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Null: it was not sealed with this key and these data. */
export function aeadOpen(
  { key, nonce }: AeadKey,
  sealed: Uint8Array,
  aad: Uint8Array,
): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const body = sealed.subarray(0, -TAG_BYTES);
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad, { plaintextLength: body.length });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    return null;
  }
}
