import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { noteDue, wants } from './deliveries.sql.ts';
import type { TrustEvent } from './events-of-entry.ts';

/** From the present end of its log on, an organization's webhooks are told of it. */
export async function startRelay(tx: Tx, orgId: OrganizationId): Promise<void> {
  await sql`
    insert into event_cursor (org_id, seq)
    select ${orgId}, coalesce((select seq from audit_head where org_id = ${orgId}), 0)
    -- Locked: a round that saw nobody who listens would take it away meanwhile.
    on conflict (org_id) do update set seq = event_cursor.seq
  `.execute(tx);
  await planRelay(tx, orgId, 0);
}

/** T9. Up to where it has been told; null: another replica is at it, or nobody is told. */
export async function lockCursor(tx: Tx, orgId: OrganizationId): Promise<number | null> {
  const { rows } = await sql<{ seq: bigint }>`
    select seq from event_cursor where org_id = ${orgId} for update skip locked
  `.execute(tx);
  return rows[0] === undefined ? null : Number(rows[0].seq);
}

/** T9, T10. To every webhook that wants them, in the transaction that moves the cursor over them. */
export async function queueEvents(
  tx: Tx,
  orgId: OrganizationId,
  events: readonly TrustEvent[],
): Promise<number> {
  if (events.length === 0) return 0;
  const { rowCount } = await sql`
    insert into alert_delivery (id, org_id, webhook_id, message_id, event_type, body, due_at)
    select gen_random_uuid(), ${orgId}, w.id, e.message_id, e.type, e.body, app_now()
    from unnest(${events.map(({ type }) => type)}::text[],
                ${events.map(({ messageId }) => messageId)}::text[],
                ${events.map(({ projectId }) => projectId)}::uuid[],
                ${events.map(({ body }) => body)}::text[])
           with ordinality as e(type, message_id, project_id, body, n)
    join alert_webhook w on w.org_id = ${orgId} and w.disabled_why is null
      and (w.project_id is null or w.project_id = e.project_id) and ${wants(sql`e.type`)}
    order by e.n, w.id
    on conflict (webhook_id, message_id) do nothing
  `.execute(tx);
  if (rowCount > 0) await noteDue(tx, orgId);
  return rowCount;
}

export async function moveCursor(tx: Tx, orgId: OrganizationId, seq: number): Promise<void> {
  await sql`update event_cursor set seq = ${seq} where org_id = ${orgId}`.execute(tx);
}

/** Whether any webhook asks for more than alerts. */
export async function isListenedTo(
  tx: Executor,
  orgId: OrganizationId,
  alertTypes: readonly string[],
): Promise<boolean> {
  const { rowCount } = await sql`
    select from alert_webhook
    where org_id = ${orgId} and disabled_why is null and not event_types <@ ${[...alertTypes]}::text[] limit 1
  `.execute(tx);
  return rowCount === 1;
}

/** Nobody is told any more: whoever is, later, is told from then on. */
export async function stopRelay(tx: Executor, orgId: OrganizationId): Promise<void> {
  await sql`delete from event_cursor where org_id = ${orgId}`.execute(tx);
  await sql`delete from outbox_due where org_id = ${orgId} and what = 'events'`.execute(tx);
}

export async function planRelay(
  tx: Executor,
  orgId: OrganizationId,
  afterMs: number,
): Promise<void> {
  await sql`
    insert into outbox_due (org_id, what, due_at)
    values (${orgId}, 'events', app_now() + ${afterMs} * interval '1 millisecond')
    on conflict (org_id, what) do update set due_at = excluded.due_at
  `.execute(tx);
}
