import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

import { isPublished, looksCounted, looksRepeated } from './weakness.ts';

const KEY_BYTES = 32;
/** Thirty-two random bytes hold about thirty different ones; fewer than this is not chance. */
const DISTINCT_BYTES_MIN = 16;

export type ParsedMasterKey =
  | { readonly kind: 'key'; readonly key: KeyObject }
  /** `why` is for the operator and never holds the text. */
  | { readonly kind: 'refused'; readonly why: string };

/** Reads `SAGEWAI_ENCRYPTION_KEY`: a Fernet key, or 32 bytes in base64url, base64 or hex. */
export function parseMasterKey(text: string): ParsedMasterKey {
  const bytes = decodeKey(text);
  // A published key stays one in another spelling.
  if ([text, bytes?.toString('hex'), bytes?.toString('base64url')].some(isPublished)) {
    return refused('it is printed in public documentation');
  }
  if (bytes === null) {
    return refused('expected a Fernet key, or 32 random bytes in base64url or hex');
  }
  if (looksRepeated(bytes) || looksCounted(bytes) || new Set(bytes).size < DISTINCT_BYTES_MIN) {
    return refused('it is not random');
  }
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return refused('it is a text, not 32 random bytes');
  }
  return { kind: 'key', key: createSecretKey(bytes) };
}

/** For a configuration field: null when `parseMasterKey` accepts it, else why not. */
export function checkMasterKey(text: string): string | null {
  const parsed = parseMasterKey(text);
  return parsed.kind === 'key' ? null : parsed.why;
}

/** A key for one purpose (HKDF-SHA256). Keys of different purposes tell nothing about each other. */
export function deriveKey(master: KeyObject, purpose: string): KeyObject {
  return createSecretKey(deriveBytes(master, purpose));
}

export function deriveBytes(master: KeyObject, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `sagewai/${purpose}`, KEY_BYTES));
}

/** Names a key without telling anything about it: what the database keeps to recognise it. */
export const fingerprintKey = (key: KeyObject): string =>
  deriveBytes(key, 'fingerprint').toString('hex', 0, 16);

export function decodeKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[\w+/-]{43}=?$/.test(text)) return null;
  return Buffer.from(text, 'base64url');
}

const refused = (why: string): ParsedMasterKey => ({ kind: 'refused', why });
