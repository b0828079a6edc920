/**
 * Payloads and outputs of an organization that has switched encryption on.
 *
 * The server's key wraps the organization's, which wraps one key for each project. From a project's key the
 * key of each run is derived, and under that its payload, output and error stand: `enc1.<id of the
 * project's key>.<Fernet token>`. The token is what a worker gets and sends, with the key of that one run.
 *
 * Invariants
 *   E1. While it is on, nothing that a run is given or says is stored in clear.
 *   E2. A key is retired only when nothing stands under it and nobody holds a key derived from it.
 *   E3. A worker holds keys of the runs that were leased to it, and from those no other can be computed.
 *   E4. A text of this form in the database has been opened once: whoever reports one in clear is refused.
 *   E5. A run of an organization without encryption costs no statement.
 */
import { hkdfSync } from 'node:crypto';

import { fernetDecrypt, fernetEncrypt, type FernetKey, fernetKey } from '@sagewai/seal';
import type { RunId } from '@sagewai/wire';

const FORM = /^enc1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(gAAAA[\w=-]+)$/;
const KEY_BYTES = 32;

export interface EncryptedContent {
  /** Of the project's key. */
  readonly keyId: string;
  readonly token: string;
}

export const looksEncrypted = (text: string): boolean => text.startsWith('enc1.');

export function parseContent(text: string): EncryptedContent | null {
  // Most contents are in clear, and long.
  if (!looksEncrypted(text)) return null;
  const [, keyId, token] = FORM.exec(text) ?? [];
  return keyId === undefined || token === undefined ? null : { keyId, token };
}

export const formatContent = ({ keyId, token }: EncryptedContent): string =>
  `enc1.${keyId}.${token}`;

/** E3. HKDF-SHA256: it tells nothing about the project's key, nor about the key of another run. */
export function deriveRunKey(projectKey: Uint8Array, runId: RunId): FernetKey {
  const bytes = Buffer.from(hkdfSync('sha256', projectKey, '', `sagewai/run/${runId}`, KEY_BYTES));
  return fernetKey(bytes.toString('base64url')) as FernetKey;
}

export const encryptContent = (key: FernetKey, text: string, now: Date): string =>
  fernetEncrypt(key, text, now);

/** Null: it was not made with this key. A run may wait for long, so no age is too great. */
export function decryptContent(key: FernetKey, token: string, now: Date): string | null {
  const opened = fernetDecrypt(key, token, { now, ttlSeconds: null });
  return opened.kind === 'opened' ? opened.data.toString() : null;
}
