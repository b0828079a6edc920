import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

import { deriveKey, fingerprintKey } from './master-key.ts';

/**
 * Secrets at rest: AES-256-GCM. A sealed text is `s1.<key id>.<base64url of nonce, cipher, tag>`.
 *
 * S1. The version, the key's id and the context are authenticated: a sealed text moved to another
 *     row or purpose does not open.
 * S2. Every message has a random nonce of 96 bits; with one key, far fewer than 2^32 are sealed.
 * S3. The id says which key opens it, so keys can be replaced one row at a time.
 */
const VERSION = 's1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_LETTERS = 12;

export interface SealingKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** The present key first, then the others that texts may stand under. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]];
export type MasterKeys = readonly [KeyObject, ...KeyObject[]];

export type Opened =
  | { readonly kind: 'opened'; readonly data: Buffer }
  | { readonly kind: 'refused' };

export function sealingKey(master: KeyObject, purpose: string): SealingKey {
  const key = deriveKey(master, `seal/${purpose}`);
  return { id: fingerprintKey(key).slice(0, ID_LETTERS), key };
}

export function sealingKeys([present, ...others]: MasterKeys, purpose: string): SealingKeys {
  return [sealingKey(present, purpose), ...others.map((other) => sealingKey(other, purpose))];
}

/** `context` says what and whose it is (`credential/<id>`); `open` must be given the same. */
export function seal({ id, key }: SealingKey, data: Uint8Array | string, context: string): string {
  const nonce = randomBytes(NONCE_BYTES); // S2
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(id, context)); // S1
  const sealed = Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${id}.${sealed.toString('base64url')}`;
}

/** Opens with whichever of `keys` sealed it: the present one and those it replaced. */
export function open(keys: readonly SealingKey[], sealed: string, context: string): Opened {
  const [version, id, text, ...rest] = sealed.split('.');
  const found = keys.find((each) => each.id === id); // S3
  if (version !== VERSION || !found || text === undefined || rest.length > 0) return REFUSED;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== text)
    return REFUSED;
  const decipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associated(found.id, context)); // S1
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const data = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return { kind: 'opened', data: Buffer.concat([data, decipher.final()]) };
  } catch {
    return REFUSED;
  }
}

const REFUSED: Opened = { kind: 'refused' };

const associated = (id: string, context: string): Buffer =>
  Buffer.from(`${VERSION}.${id}.${context}`);
