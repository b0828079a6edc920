import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { ChainEntry, ChainHead, OrganizationId } from '@sagewai/wire';

import type { AuditEntry } from './entry.ts';
import { sealEntry } from './seal-entry.ts';

/** Appends one entry to its chain, in the caller's transaction (T5). Take it last: it holds a lock. */
export function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  return appendAll(tx, [entry]);
}

/** Appends many in one round trip. Heads are locked by ascending organization, whoever appends. */
export async function appendAll(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const sealed = entries.map(sealEntry);
  await sql`
    select audit_append(org, actor, action, subject, outcome, request_id, details)
    from (
      select * from unnest(
        ${sealed.map((entry) => entry.orgId)}::uuid[],
        ${sealed.map((entry) => entry.actor)}::text[],
        ${sealed.map((entry) => entry.action)}::text[],
        ${sealed.map((entry) => entry.subject)}::text[],
        ${sealed.map((entry) => entry.outcome)}::text[],
        ${sealed.map((entry) => entry.requestId)}::text[],
        ${sealed.map((entry) => entry.details)}::text[]
      ) with ordinality as given(org, actor, action, subject, outcome, request_id, details, n)
      order by org, n  -- lock order
    ) ordered
  `.execute(tx);
}

/** Where the chain has got to; null while it is empty. */
export async function readHead(db: Executor, orgId: OrganizationId): Promise<ChainHead | null> {
  const { rows } = await sql<{ seq: bigint; hash: string }>`
    select seq, encode(hash, 'hex') as hash from audit_head where org_id = ${orgId}
  `.execute(db);
  const [head] = rows;
  return head ? { seq: Number(head.seq), hash: head.hash } : null;
}

export interface AuditFilter {
  readonly orgId: OrganizationId;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly actions?: readonly string[] | undefined;
  /** Subjects, or actions whose entries are read whatever their subject. */
  readonly about?: { readonly subject: string; readonly orActions: readonly string[] } | undefined;
  readonly subject?: string | undefined;
  readonly outcome?: string | undefined;
  /** Recorded at or after. */
  readonly since?: string | undefined;
  /** Recorded before. */
  readonly until?: string | undefined;
  readonly order: 'newest' | 'oldest';
  /** The last number of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

type Row = Omit<ChainEntry, 'seq'> & { readonly seq: bigint };

/** A page of one chain, as evidence: exactly the texts that the hashes cover. */
export async function readEntries(db: Executor, filter: AuditFilter): Promise<ChainEntry[]> {
  const oldestFirst = filter.order === 'oldest';
  const { rows } = await sql<Row>`
    select version, org_id as organization_id, seq, audit_instant(recorded_at) as at,
           actor, action, subject, outcome, request_id, details,
           encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash
    from audit_entry
    where ${sql.join(conditionsOf(filter), ' and ')}
    order by ${oldestFirst ? sql`seq` : sql`seq desc`}
    limit ${filter.limit}
  `.execute(db);
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

function conditionsOf(filter: AuditFilter): Statement<unknown>[] {
  const { actor, action, subject, outcome, since, until, cursor } = filter;
  const conditions = [sql`org_id = ${filter.orgId}`];
  if (actor !== undefined) conditions.push(sql`actor = ${actor}`);
  if (action !== undefined) conditions.push(sql`action = ${action}`);
  if (filter.actions !== undefined) {
    conditions.push(sql`action = any(${[...filter.actions]}::text[])`);
  }
  if (filter.about !== undefined) {
    const { subject: one, orActions } = filter.about;
    conditions.push(sql`(subject = ${one} or action = any(${[...orActions]}::text[]))`);
  }
  if (subject !== undefined) conditions.push(sql`subject = ${subject}`);
  if (outcome !== undefined) conditions.push(sql`outcome = ${outcome}`);
  if (since !== undefined) conditions.push(sql`recorded_at >= ${since}::timestamptz`);
  if (until !== undefined) conditions.push(sql`recorded_at < ${until}::timestamptz`);
  if (cursor !== undefined) {
    conditions.push(
      filter.order === 'oldest' ? sql`seq > ${cursor}::bigint` : sql`seq < ${cursor}::bigint`,
    );
  }
  return conditions;
}
