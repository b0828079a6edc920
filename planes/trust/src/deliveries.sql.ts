import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AlertType, OrganizationId } from '@sagewai/wire';

export interface DeliveryRow {
  readonly id: string;
  readonly webhookId: string;
  readonly messageId: string;
  readonly eventType: string;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly createdAt: Date;
  readonly dueAt: Date;
  readonly endedAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

const COLUMNS = sql`
  id, webhook_id as "webhookId", message_id as "messageId", event_type as "eventType", state, attempts,
  created_at as "createdAt", due_at as "dueAt", ended_at as "endedAt", last_status as "lastStatus",
  last_error as "lastError"
`;

export interface Alert {
  readonly orgId: OrganizationId;
  readonly type: AlertType;
  readonly messageId: string;
  readonly body: string;
}

/** Whether the webhook `w` asks for a type. */
export const wants = (type: Statement<unknown>): Statement<unknown> => sql`
  exists (select from unnest(w.event_types) as p(pattern)
          where p.pattern = ${type}
             or (right(p.pattern, 1) = '*' and starts_with(${type}, left(p.pattern, -1))))
`;

/** To every webhook that wants it, or to one of them; in the transaction of what raises it. */
export async function queueAlert(
  tx: Tx,
  alert: Alert,
  onlyTo: string | null = null,
): Promise<DeliveryRow[]> {
  const { orgId, type, messageId, body } = alert;
  const { rows } = await sql<DeliveryRow>`
    insert into alert_delivery (id, org_id, webhook_id, message_id, event_type, body, due_at)
    select gen_random_uuid(), ${orgId}, w.id, ${messageId}, ${type}, ${body}, app_now()
    from alert_webhook w
    where w.org_id = ${orgId}
      and case when ${onlyTo}::uuid is not null then w.id = ${onlyTo}::uuid
          else w.disabled_why is null and w.project_id is null
            and (w.event_types = '{}' or ${wants(sql`${type}::text`)}) end
    order by w.id
    returning ${COLUMNS}
  `.execute(tx);
  if (rows.length > 0) await noteDue(tx, orgId);
  return rows;
}

/** Something of this organization is to be sent now. */
export async function noteDue(tx: Executor, orgId: OrganizationId): Promise<void> {
  await sql`
    insert into outbox_due (org_id, what, due_at) values (${orgId}, 'alerts', app_now())
    on conflict (org_id, what) do update set due_at = least(outbox_due.due_at, excluded.due_at)
  `.execute(tx);
}

/** A finished message goes out once more, under its own id. */
export async function queueAgain(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly id: string; readonly webhookId: string },
): Promise<DeliveryRow | null> {
  const { rows } = await sql<DeliveryRow>`
    update alert_delivery set state = 'pending', attempts = 0, due_at = app_now(), ended_at = null
    where id = ${of.id} and webhook_id = ${of.webhookId}
    returning ${COLUMNS}
  `.execute(tx);
  if (rows.length > 0) await noteDue(tx, of.orgId);
  return rows[0] ?? null;
}

export interface DeliveryFilter {
  readonly webhookId: string;
  readonly id?: string | undefined;
  readonly state?: DeliveryRow['state'] | undefined;
  readonly eventType?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

const matching = (of: DeliveryFilter): Statement<unknown> => sql`
  webhook_id = ${of.webhookId}
  and (${of.id ?? null}::uuid is null or id = ${of.id ?? null}::uuid)
  and (${of.state ?? null}::text is null or state = ${of.state ?? null}::text)
  and (${of.eventType ?? null}::text is null or event_type = ${of.eventType ?? null}::text)
  and (${of.since ?? null}::timestamptz is null or created_at >= ${of.since ?? null}::timestamptz)
  and (${of.until ?? null}::timestamptz is null or created_at < ${of.until ?? null}::timestamptz)
`;

/** Finished messages go out once more, each under its own id; the oldest first, at most `limit`. */
export async function queueMatching(
  tx: Tx,
  of: DeliveryFilter & { readonly orgId: OrganizationId; readonly limit: number },
): Promise<number> {
  const { rowCount } = await sql`
    update alert_delivery set state = 'pending', attempts = 0, due_at = app_now(), ended_at = null
    where id in (
      select id from alert_delivery where ${matching(of)} and state <> 'pending'
      order by created_at, id limit ${of.limit}
    )
  `.execute(tx);
  if (rowCount > 0) await noteDue(tx, of.orgId);
  return rowCount;
}

export async function listDeliveries(
  tx: Executor,
  of: DeliveryFilter & { readonly limit: number },
): Promise<DeliveryRow[]> {
  const { rows } = await sql<DeliveryRow>`
    select ${COLUMNS} from alert_delivery where ${matching(of)}
    order by created_at desc, id limit ${of.limit}
  `.execute(tx);
  return rows;
}

export type Outbox = 'alerts' | 'audit' | 'emails' | 'events';

/** When somebody has something to send. */
export const outboxDue = (what: Outbox): Statement<unknown> => sql`
  select extract(epoch from min(due_at) - app_now()) * 1000 from outbox_due where what = ${what}
`;

/** Organizations that have something to send, those that wait longest first. */
export async function findDue(
  db: Executor,
  what: Outbox,
  limit: number,
): Promise<OrganizationId[]> {
  const { rows } = await sql<{ orgId: OrganizationId }>`
    select org_id as "orgId" from outbox_due where what = ${what} and due_at <= app_now()
    order by due_at limit ${limit}
  `.execute(db);
  return rows.map(({ orgId }) => orgId);
}

export interface Outgoing {
  readonly id: string;
  readonly webhookId: string;
  readonly messageId: string;
  readonly body: string;
  readonly attempts: number;
  readonly url: string;
  readonly sealed: string;
  /** Null once the former secret counts no more. */
  readonly previousSealed: string | null;
}

/** Takes what is due, for so long that nobody else takes it meanwhile. */
export async function takeDue(
  tx: Executor,
  { holdMs, limit }: { readonly holdMs: number; readonly limit: number },
): Promise<Outgoing[]> {
  const { rows } = await sql<Outgoing>`
    with due as materialized (
      select id from alert_delivery
      where state = 'pending' and due_at <= app_now() and org_id = any(visible_orgs())
      order by due_at limit ${limit} for update skip locked
    )
    update alert_delivery d
    set attempts = d.attempts + 1, due_at = app_now() + ${holdMs} * interval '1 millisecond'
    from due, alert_webhook w
    where d.id = due.id and w.id = d.webhook_id
    returning d.id, d.webhook_id as "webhookId", d.message_id as "messageId", d.body, d.attempts, w.url,
              w.secret_sealed as sealed,
              case when w.previous_until > app_now() then w.previous_sealed end as "previousSealed"
  `.execute(tx);
  return rows;
}

export interface Attempt {
  readonly id: string;
  /** Null: there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  readonly tookMs: number;
  /** The beginning of what was answered. */
  readonly answer: string | null;
  readonly end: 'delivered' | 'failed' | { readonly againAfterMs: number };
}

export async function recordAttempt(tx: Executor, attempt: Attempt): Promise<void> {
  const { id, status, error, end } = attempt;
  const againMs = typeof end === 'string' ? null : end.againAfterMs;
  await sql`
    update alert_delivery set
      last_status = ${status}, last_error = ${error},
      state = ${typeof end === 'string' ? end : 'pending'},
      due_at = case when ${againMs}::float8 is null then due_at
               else app_now() + ${againMs}::float8 * interval '1 millisecond' end,
      ended_at = case when ${againMs}::float8 is null then app_now() end
    where id = ${id} and state = 'pending'
  `.execute(tx);
  await sql`
    insert into delivery_attempt (delivery_id, n, org_id, at, took_ms, status, error, answer)
    select id, attempts, org_id, app_now(), ${attempt.tookMs}, ${status}, ${error}, ${attempt.answer}
    from alert_delivery where id = ${id}
  `.execute(tx);
}

export interface AttemptRow {
  readonly at: Date;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly answer: string | null;
}

/** What became of each attempt at a message, and what it says; null: there is no such message. */
export async function readDelivery(
  tx: Executor,
  of: { readonly webhookId: string; readonly id: string },
): Promise<{
  readonly row: DeliveryRow;
  readonly body: string;
  readonly log: AttemptRow[];
} | null> {
  const { rows } = await sql<DeliveryRow & { body: string }>`
    select ${COLUMNS}, body from alert_delivery where id = ${of.id} and webhook_id = ${of.webhookId}
  `.execute(tx);
  const [found] = rows;
  if (found === undefined) return null;
  const { rows: log } = await sql<AttemptRow>`
    select at, took_ms as "tookMs", status, error, answer from delivery_attempt
    where delivery_id = ${of.id} order by at, n
  `.execute(tx);
  return { row: found, body: found.body, log };
}

/** After a round: when the organization is to be looked at again; never, when nothing is pending. */
export async function planNext(tx: Executor, orgId: OrganizationId): Promise<void> {
  // The row first: what is queued meanwhile waits for it, and sets it anew afterwards.
  await sql`
    select from outbox_due where org_id = ${orgId} and what = 'alerts' for update
  `.execute(tx);
  const { rows } = await sql<{ dueAt: Date | null }>`
    select min(due_at) as "dueAt" from alert_delivery where org_id = ${orgId} and state = 'pending'
  `.execute(tx);
  const dueAt = rows[0]?.dueAt ?? null;
  await (
    dueAt === null
      ? sql`delete from outbox_due where org_id = ${orgId} and what = 'alerts'`
      : sql`update outbox_due set due_at = ${dueAt} where org_id = ${orgId} and what = 'alerts'`
  ).execute(tx);
}

/** Forgets what ended so long ago. */
export async function forgetDeliveries(tx: Executor, keptMs: number): Promise<void> {
  await sql`
    delete from alert_delivery
    where state <> 'pending' and ended_at < app_now() - ${keptMs} * interval '1 millisecond'
  `.execute(tx);
}
