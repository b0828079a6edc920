import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { AuditFormat, OrganizationId } from '@sagewai/wire';

export interface SinkRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly format: AuditFormat;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly cursor: number;
  readonly behind: number;
  readonly lastSentAt: Date | null;
  readonly lastError: string | null;
  readonly dueAt: Date;
  readonly disabledWhy: string | null;
}

const COLUMNS = sql`
  s.id, s.name, s.url, s.format, s.created_at as "createdAt", s.created_by as "createdBy",
  s.cursor_seq::float8 as cursor,
  greatest(coalesce((select h.seq from audit_head h where h.org_id = s.org_id), 0) - s.cursor_seq, 0)::float8
    as behind,
  s.last_sent_at as "lastSentAt", s.last_error as "lastError", s.due_at as "dueAt",
  s.disabled_why as "disabledWhy"
`;

export async function listSinks(tx: Executor, orgId: OrganizationId): Promise<SinkRow[]> {
  const { rows } = await sql<SinkRow>`
    select ${COLUMNS} from audit_sink s where s.org_id = ${orgId} order by s.id
  `.execute(tx);
  return rows;
}

export interface NewSink {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly name: string;
  readonly url: string;
  readonly format: AuditFormat;
  readonly sealed: string | null;
  readonly ca: string | null;
  readonly createdBy: string;
  readonly fromBeginning: boolean;
}

export async function insertSink(tx: Tx, sink: NewSink): Promise<SinkRow | null> {
  const { id, orgId, name, url, format, sealed, ca, createdBy, fromBeginning } = sink;
  const { rows } = await sql<SinkRow>`
    insert into audit_sink as s (id, org_id, name, url, format, secret_sealed, ca, created_by, cursor_seq)
    values (${id}, ${orgId}, ${name}, ${url}, ${format}, ${sealed}, ${ca}, ${createdBy},
            case when ${fromBeginning} then 0
            else coalesce((select h.seq from audit_head h where h.org_id = ${orgId}), 0) end)
    returning ${COLUMNS}
  `.execute(tx);
  await noteAuditDue(tx, orgId);
  return rows[0] ?? null;
}

/** What is null stays as it is. */
export async function changeSink(
  tx: Tx,
  change: {
    readonly id: string;
    readonly orgId: OrganizationId;
    readonly name: string | null;
    readonly enabled: boolean | null;
  },
): Promise<SinkRow | null> {
  const { id, orgId, name, enabled } = change;
  const { rows } = await sql<SinkRow>`
    update audit_sink s set
      name = coalesce(${name}::text, s.name),
      failures = case when ${enabled}::boolean then 0 else s.failures end,
      due_at = case when ${enabled}::boolean and s.disabled_why is not null then app_now() else s.due_at end,
      disabled_why = case ${enabled}::boolean when true then null when false then 'by hand'
                     else s.disabled_why end
    where s.id = ${id} and s.org_id = ${orgId}
    returning ${COLUMNS}
  `.execute(tx);
  if (rows.length > 0) await noteAuditDue(tx, orgId);
  return rows[0] ?? null;
}

/** Waits no longer for the next attempt. */
export async function hurrySink(
  tx: Tx,
  of: { readonly id: string; readonly orgId: OrganizationId },
): Promise<SinkRow | null> {
  const { rows } = await sql<SinkRow>`
    update audit_sink s set due_at = app_now()
    where s.id = ${of.id} and s.org_id = ${of.orgId}
    returning ${COLUMNS}
  `.execute(tx);
  if (rows.length > 0) await noteAuditDue(tx, of.orgId);
  return rows[0] ?? null;
}

export async function deleteSink(
  tx: Tx,
  of: { readonly id: string; readonly orgId: OrganizationId },
): Promise<boolean> {
  const { rowCount } = await sql`
    delete from audit_sink where id = ${of.id} and org_id = ${of.orgId}
  `.execute(tx);
  return rowCount === 1;
}

async function noteAuditDue(tx: Tx, orgId: OrganizationId): Promise<void> {
  await sql`
    insert into outbox_due (org_id, what, due_at) values (${orgId}, 'audit', app_now())
    on conflict (org_id, what) do update set due_at = least(outbox_due.due_at, excluded.due_at)
  `.execute(tx);
}

export interface TakenSink {
  readonly id: string;
  readonly url: string;
  readonly format: AuditFormat;
  readonly sealed: string | null;
  readonly ca: string | null;
  readonly cursor: number;
  /** Null: it has got everything. */
  readonly batchEnd: number | null;
  readonly head: number;
  readonly failures: number;
}

/**
 * Takes what is due for so long that nobody else sends meanwhile, and fixes how far the batch goes: what is
 * repeated is the same batch, under the same id.
 */
export async function takeSinks(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly holdMs: number; readonly batch: number },
): Promise<TakenSink[]> {
  const { rows } = await sql<TakenSink>`
    with due as materialized (
      select s.id, coalesce(h.seq, 0) as head from audit_sink s
      left join audit_head h on h.org_id = s.org_id
      where s.org_id = ${of.orgId} and s.due_at <= app_now() and s.disabled_why is null
        and (s.held_until is null or s.held_until <= app_now())
      order by s.id for update of s skip locked
    )
    update audit_sink s set
      held_until = app_now() + ${of.holdMs} * interval '1 millisecond',
      batch_end = coalesce(s.batch_end, case when d.head > s.cursor_seq
                                        then least(d.head, s.cursor_seq + ${of.batch}) end)
    from due d where d.id = s.id
    returning s.id, s.url, s.format, s.secret_sealed as sealed, s.ca, s.cursor_seq::float8 as cursor,
              s.batch_end::float8 as "batchEnd", d.head::float8 as head, s.failures
  `.execute(tx);
  return rows;
}

/** T8. The cursor moves over a batch that was acknowledged, from where it stood when the batch was taken. */
export async function recordShipped(
  tx: Tx,
  of: { readonly id: string; readonly from: number; readonly to: number },
): Promise<void> {
  await sql`
    update audit_sink set cursor_seq = ${of.to}, batch_end = null, failures = 0, last_error = null,
                          last_sent_at = app_now(), due_at = app_now(), held_until = null
    where id = ${of.id} and cursor_seq = ${of.from}
  `.execute(tx);
}

export async function recordIdle(
  tx: Tx,
  of: { readonly id: string; readonly nextMs: number },
): Promise<void> {
  await sql`
    update audit_sink set due_at = app_now() + ${of.nextMs} * interval '1 millisecond', held_until = null
    where id = ${of.id}
  `.execute(tx);
}

export async function recordFailed(
  tx: Tx,
  of: {
    readonly id: string;
    readonly error: string;
    readonly againMs: number;
    readonly disabledWhy: string | null;
  },
): Promise<void> {
  await sql`
    update audit_sink set failures = failures + 1, last_error = ${of.error},
      disabled_why = coalesce(${of.disabledWhy}::text, disabled_why),
      due_at = app_now() + ${of.againMs} * interval '1 millisecond', held_until = null
    where id = ${of.id}
  `.execute(tx);
}

/** After a round: when the organization is looked at again; never, when it has no sink. */
export async function planShipping(tx: Tx, orgId: OrganizationId): Promise<void> {
  // The row first: who makes a sink meanwhile waits for it, and sets it anew afterwards.
  await sql`select from outbox_due where org_id = ${orgId} and what = 'audit' for update`.execute(
    tx,
  );
  const { rows } = await sql<{ dueAt: Date | null }>`
    select min(greatest(due_at, coalesce(held_until, due_at))) as "dueAt" from audit_sink where org_id = ${orgId} and disabled_why is null
  `.execute(tx);
  const dueAt = rows[0]?.dueAt ?? null;
  await (
    dueAt === null
      ? sql`delete from outbox_due where org_id = ${orgId} and what = 'audit'`
      : sql`update outbox_due set due_at = ${dueAt} where org_id = ${orgId} and what = 'audit'`
  ).execute(tx);
}
