/**
 * What happens thousands of times a second (a run submitted, claimed, reported; a model call paid for)
 * is recorded by its group commit: one entry for all records of one organization (T6). An entry a
 * record would cost two thirds of the throughput.
 */
import { createHash } from 'node:crypto';

import type { AuditDetails } from '@sagewai/http';
import { type BatchRecord, canonicalBatch, type OrganizationId } from '@sagewai/wire';

import type { AuditEntry } from './entry.ts';

/** Past so many, an entry names the first and the last of its records; the digest covers all. */
export const BATCH_IDS_MAX = 200;

export interface Batch {
  readonly orgId: OrganizationId;
  /** What happened to each record, `run.claimed`; the action of the entry. */
  readonly kind: string;
  /** In the order of the records that the digest was made of. */
  readonly ids: readonly string[];
  /** Of the records' canonical text, hexadecimal: `digestBatch`, or the same made in SQL. */
  readonly digest: string;
  /** Who caused it, when one caller did; else the part of the system that committed. */
  readonly actor: string;
  readonly requestId?: string;
  readonly details?: AuditDetails;
}

export function digestBatch(records: readonly BatchRecord[]): string {
  return createHash('sha256').update(canonicalBatch(records)).digest('hex');
}

export function entryOfBatch(batch: Batch): AuditEntry {
  const { ids, kind, digest } = batch;
  const [first = ''] = ids;
  const named: AuditDetails =
    ids.length <= BATCH_IDS_MAX ? { ids: ids.join(' ') } : { first, last: ids.at(-1) ?? first };
  return {
    orgId: batch.orgId,
    actor: batch.actor,
    action: kind,
    subject: ids.length === 1 ? first : 'batch',
    outcome: 'ok',
    requestId: batch.requestId ?? '',
    details: { ...batch.details, kind, count: ids.length, digest, ...named },
  };
}
