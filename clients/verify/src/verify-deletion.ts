import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

import { type ChainEntry, DELETION_FORMAT } from '@sagewai/wire';

import { hashOf } from './verify-chain.ts';

/** What `GET /api/v1/projects/{project}/deletion` gives as `certificate`. */
export interface DeletionCertificate {
  /** JSON, verbatim. */
  readonly text: string;
  /** Ed25519 over the text, base64url. */
  readonly signature: string;
  readonly key: { readonly x: string };
  /** The entry of the audit log that says the certificate's SHA-256; null: it is not at hand. */
  readonly entry: ChainEntry | null;
}

export interface CertifiedDeletion {
  readonly organization_id: string;
  readonly project: { readonly id: string; readonly name: string };
  readonly finished_at: string;
  readonly deleted: readonly { readonly table: string; readonly rows: number }[];
  readonly objects: number;
  readonly kept: readonly {
    readonly table: string;
    readonly rows: number;
    readonly why: string;
  }[];
  readonly elsewhere: readonly string[];
}

/**
 * - `unreadable`: it is no certificate, or of a format that this version does not know.
 * - `key`: it is signed with another key than the one that is known.
 * - `signature`: the text is not what was signed.
 * - `entry`: the entry of the audit log is not whole, or says another certificate.
 */
export type DeletionVerdict =
  | {
      readonly kind: 'good';
      readonly deletion: CertifiedDeletion;
      /** False: anybody could have signed it with a key of their own. */
      readonly isKeyKnown: boolean;
      readonly hasEntry: boolean;
    }
  | {
      readonly kind: 'bad';
      readonly breach: 'unreadable' | 'key' | 'signature' | 'entry';
      readonly detail: string;
    };

/** Needs nothing of ours: `knownKey` is the `x` of the server's public key, kept from before. */
export function verifyDeletion(
  { text, signature, key, entry }: DeletionCertificate,
  { knownKey }: { readonly knownKey?: string | undefined } = {},
): DeletionVerdict {
  const deletion = read(text);
  if (deletion === null) return bad('unreadable', `it is no ${DELETION_FORMAT}`);
  if (knownKey !== undefined && key.x !== knownKey) return bad('key', `it is signed with ${key.x}`);
  const publicKey = importKey(key.x);
  if (
    publicKey === null ||
    !verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
  ) {
    return bad('signature', 'the text is not what was signed');
  }
  const mistake = entry === null ? null : findMistake(entry, text, deletion);
  if (mistake !== null) return bad('entry', mistake);
  return { kind: 'good', deletion, isKeyKnown: knownKey !== undefined, hasEntry: entry !== null };
}

const bad = (
  breach: 'unreadable' | 'key' | 'signature' | 'entry',
  detail: string,
): DeletionVerdict => ({ kind: 'bad', breach, detail });

function read(text: string): CertifiedDeletion | null {
  try {
    const said = JSON.parse(text) as CertifiedDeletion & { readonly format?: unknown };
    return said.format === DELETION_FORMAT ? said : null;
  } catch {
    return null;
  }
}

function importKey(x: string): KeyObject | null {
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  } catch {
    return null;
  }
}

function findMistake(
  entry: ChainEntry,
  text: string,
  { organization_id, project }: CertifiedDeletion,
): string | null {
  if (hashOf(entry) !== entry.hash) return 'its fields are not the ones that its hash was made of';
  if (entry.organization_id !== organization_id || entry.subject !== `project:${project.id}`) {
    return 'it is of something else';
  }
  const sha256 = createHash('sha256').update(text).digest('hex');
  const said = (JSON.parse(entry.details) as { readonly certificate_sha256?: unknown })
    .certificate_sha256;
  return said === sha256 ? null : 'it says another certificate';
}
