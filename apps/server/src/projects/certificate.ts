import { createHash, type KeyObject } from 'node:crypto';

import { deriveSigningKey, publicJwk, type PublicJwk, signBytes } from '@sagewai/crypto';
import { DELETION_FORMAT } from '@sagewai/wire';

import type { LeftPart, ProjectDeletion } from './project-deletion.sql.ts';

/** What is of a project and stands where this database does not reach. */
const ELSEWHERE = [
  'the audit log: entries name the project and who did what; they hold nothing that was said',
  'backups that were made before, until they are thrown away',
  'messages to webhooks and e-mails of the organization that mention it: 30 days',
  'logs, traces and collectors of the audit log, as long as whoever runs them keeps them',
  'files, batches and responses at providers, as long as these keep them',
];

export interface SignedCertificate {
  readonly text: string;
  readonly sha256: string;
  /** Base64url. */
  readonly signature: string;
}

/** Signs evidence for outsiders: the same key for as long as `JWT_SECRET` is. */
const evidenceKey = (signing: KeyObject) => deriveSigningKey(signing, 'evidence');

export const evidenceJwk = (signing: KeyObject): PublicJwk =>
  publicJwk(evidenceKey(signing).publicKey);

export function certify(
  signing: KeyObject,
  {
    deletion,
    kept,
    finishedAt,
  }: {
    readonly deletion: ProjectDeletion;
    readonly kept: readonly LeftPart[];
    readonly finishedAt: Date;
  },
): SignedCertificate {
  const text = JSON.stringify({
    format: DELETION_FORMAT,
    organization_id: deletion.orgId,
    project: { id: deletion.projectId, name: deletion.project },
    requested: { by: deletion.requestedBy, at: deletion.requestedAt.toISOString() },
    finished_at: finishedAt.toISOString(),
    deleted: rowsOf(deletion),
    objects: deletion.objects,
    kept: kept.map(({ name, count, which }) => ({ table: name, rows: count, why: which })),
    elsewhere: ELSEWHERE,
  });
  return {
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
    signature: signBytes(evidenceKey(signing).privateKey, Buffer.from(text)).toString('base64url'),
  };
}

export const rowsOf = ({ deleted }: ProjectDeletion): { table: string; rows: number }[] =>
  Object.entries(deleted)
    .map(([table, rows]) => ({ table, rows: Number(rows) }))
    .toSorted((a, b) => a.table.localeCompare(b.table));
