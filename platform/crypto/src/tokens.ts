import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
const HINT_LETTERS = 4;
const PREFIX = /^(sk-fleet-|sk-|sat-|ses-|link-|wrt-1\.|rt-1\.)/;

export type TokenPrefix = 'sat-' | 'sk-' | 'sk-fleet-' | 'ses-' | 'link-';

/** A fresh credential of 256 random bits. Shown once; what is stored is `hashToken` of it. */
export const mintToken = (prefix: TokenPrefix): string =>
  prefix + randomBytes(TOKEN_BYTES).toString('base64url');

/** SHA-256, 32 bytes. A token has full entropy, so a slow hash would protect nothing. */
export const hashToken = (text: string): Buffer => hash('sha256', text, 'buffer');

/** What lists show of a token: `sk-fleet-…x7Qa`. */
export function tokenHint(text: string): string {
  const prefix = PREFIX.exec(text)?.[0] ?? '';
  const secret = text.slice(prefix.length);
  return `${prefix}…${secret.length >= 4 * HINT_LETTERS ? secret.slice(-HINT_LETTERS) : ''}`;
}

/** Compares in a time that tells nothing about where they differ. */
export const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

/** As `sameBytes`, and tells nothing about the lengths either. */
export const sameText = (left: string, right: string): boolean =>
  timingSafeEqual(hashToken(left), hashToken(right));
