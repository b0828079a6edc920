/**
 * What stands in a row in place of a content that is too large for it:
 * `obj1.<id of the project's key, or 0>.<id of the object>.<bytes>.<SHA-256>.<MAC>`.
 *
 * Invariants
 *   O1. The text that would stand in the row is in the object, byte for byte: sealed, where the organization
 *       encrypts.
 *   O2. An object is there before the row that refers to it, and longer.
 *   O3. No content of a user is taken for a reference: one that looks like it goes to the store itself, and
 *       the MAC is of this organization, run and kind.
 *   O4. A reference leads below its own organization and run, whatever it says.
 *   O5. A small content costs nothing more.
 */
import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

import type { OrganizationId, RunId } from '@sagewai/wire';

export type ContentKind = 'payload' | 'output';

/** Whose content it is. */
export interface ContentOf {
  readonly orgId: OrganizationId;
  readonly runId: RunId;
  readonly kind: ContentKind;
}

export interface ContentReference {
  /** Of the project's key under which the content stands; null: in clear. */
  readonly keyId: string | null;
  readonly objectId: string;
  readonly bytes: number;
  /** Base64url. */
  readonly sha256: string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const FORM = new RegExp(
  `^obj1\\.(${UUID}|0)\\.(${UUID})\\.(\\d{1,12})\\.([\\w-]{43})\\.([\\w-]{43})$`,
);

/** O3. Whether a JSON text could be taken for a reference. */
export const looksReferring = (json: string): boolean => json.startsWith('"obj1.');

/** O4. */
export const objectKey = ({ orgId, runId, kind }: ContentOf, objectId: string): string =>
  `${orgId}/${runId}/${kind}/${objectId}`;

/** What a key of an object is of; null: it is none of ours. */
export function readObjectKey(key: string): (ContentOf & { readonly objectId: string }) | null {
  const [orgId = '', runId = '', kind, objectId = '', ...more] = key.split('/');
  const isKnown = kind === 'payload' || kind === 'output';
  const isWhole = [orgId, runId, objectId].every((id) => IS_UUID.test(id));
  if (!isKnown || !isWhole || more.length > 0) return null;
  return { orgId: orgId as OrganizationId, runId: runId as RunId, kind, objectId };
}
const IS_UUID = new RegExp(`^${UUID}$`);

export function formatReference(
  mac: KeyObject,
  of: ContentOf,
  reference: ContentReference,
): string {
  return `${bodyOf(reference)}.${macOf(mac, of, reference).toString('base64url')}`;
}

/** A value as it stands in a row; null: it is no reference of this content. */
export function parseReference(
  mac: KeyObject,
  of: ContentOf,
  value: unknown,
): ContentReference | null {
  if (typeof value !== 'string' || !value.startsWith('obj1.')) return null;
  const [, keyId, objectId, bytes, sha256, shown = ''] = FORM.exec(value) ?? [];
  if (keyId === undefined || objectId === undefined || sha256 === undefined) return null;
  const reference = { keyId: keyId === '0' ? null : keyId, objectId, bytes: Number(bytes), sha256 };
  const expected = macOf(mac, of, reference);
  const given = Buffer.from(shown, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected) ? reference : null;
}

export const sha256Of = (text: string | Uint8Array): string => hash('sha256', text, 'base64url');

const bodyOf = ({ keyId, objectId, bytes, sha256 }: ContentReference): string =>
  `obj1.${keyId ?? 0}.${objectId}.${bytes}.${sha256}`;

const macOf = (mac: KeyObject, of: ContentOf, reference: ContentReference): Buffer =>
  createHmac('sha256', mac)
    .update(`${objectKey(of, reference.objectId)} ${bodyOf(reference)}`)
    .digest();
