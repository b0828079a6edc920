import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

export interface NewEmail {
  readonly orgId: OrganizationId;
  readonly eventType: string;
  readonly messageId: string;
  readonly receivers: readonly string[];
  readonly subject: string;
  readonly body: string;
}

export interface EmailRow {
  readonly id: string;
  readonly eventType: string;
  readonly receiver: string;
  readonly subject: string;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly lastError: string | null;
}

const COLUMNS = sql`
  id, event_type as "eventType", receiver, subject, state, attempts, created_at as "createdAt",
  ended_at as "endedAt", last_error as "lastError"
`;

/** To each receiver, in the transaction of what is told (T7). */
export async function queueEmails(tx: Tx, email: NewEmail): Promise<EmailRow[]> {
  if (email.receivers.length === 0) return [];
  const { rows } = await sql<EmailRow>`
    insert into alert_email (id, org_id, message_id, event_type, receiver, subject, body, due_at)
    select gen_random_uuid(), ${email.orgId}, ${email.messageId}, ${email.eventType}, r.receiver,
           ${email.subject}, ${email.body}, app_now()
    from unnest(${[...email.receivers]}::text[]) r(receiver)
    returning ${COLUMNS}
  `.execute(tx);
  await sql`
    insert into outbox_due (org_id, what, due_at) values (${email.orgId}, 'emails', app_now())
    on conflict (org_id, what) do update set due_at = least(outbox_due.due_at, excluded.due_at)
  `.execute(tx);
  return rows;
}

export async function listEmails(tx: Executor, limit: number): Promise<EmailRow[]> {
  const { rows } = await sql<EmailRow>`
    select ${COLUMNS} from alert_email order by created_at desc, id limit ${limit}
  `.execute(tx);
  return rows;
}

export interface OutgoingEmail {
  readonly id: string;
  readonly messageId: string;
  readonly receiver: string;
  readonly subject: string;
  readonly body: string;
  readonly attempts: number;
}

/** Takes what is due, for so long that nobody else takes it meanwhile. */
export async function takeEmails(
  tx: Executor,
  { holdMs, limit }: { readonly holdMs: number; readonly limit: number },
): Promise<OutgoingEmail[]> {
  const { rows } = await sql<OutgoingEmail>`
    with due as materialized (
      select id from alert_email
      where state = 'pending' and due_at <= app_now() and org_id = any(visible_orgs())
      order by due_at limit ${limit} for update skip locked
    )
    update alert_email e
    set attempts = e.attempts + 1, due_at = app_now() + ${holdMs} * interval '1 millisecond'
    from due where e.id = due.id
    returning e.id, e.message_id as "messageId", e.receiver, e.subject, e.body, e.attempts
  `.execute(tx);
  return rows;
}

export async function recordEmail(
  tx: Executor,
  attempt: {
    readonly id: string;
    readonly error: string | null;
    readonly end: 'delivered' | 'failed' | { readonly againAfterMs: number };
  },
): Promise<void> {
  const { id, error, end } = attempt;
  const againMs = typeof end === 'string' ? null : end.againAfterMs;
  await sql`
    update alert_email set
      last_error = ${error}, state = ${typeof end === 'string' ? end : 'pending'},
      due_at = case when ${againMs}::float8 is null then due_at
               else app_now() + ${againMs}::float8 * interval '1 millisecond' end,
      ended_at = case when ${againMs}::float8 is null then app_now() end
    where id = ${id} and state = 'pending'
  `.execute(tx);
}

/** After a round: forgets what ended long ago, and says when the organization is to be looked at again. */
export async function planEmails(
  tx: Executor,
  orgId: OrganizationId,
  keptMs: number,
): Promise<void> {
  await sql`
    delete from alert_email
    where state <> 'pending' and ended_at < app_now() - ${keptMs} * interval '1 millisecond'
  `.execute(tx);
  // The row first: what is queued meanwhile waits for it, and sets it anew afterwards.
  await sql`
    select from outbox_due where org_id = ${orgId} and what = 'emails' for update
  `.execute(tx);
  const { rows } = await sql<{ dueAt: Date | null }>`
    select min(due_at) as "dueAt" from alert_email where org_id = ${orgId} and state = 'pending'
  `.execute(tx);
  const dueAt = rows[0]?.dueAt ?? null;
  await (
    dueAt === null
      ? sql`delete from outbox_due where org_id = ${orgId} and what = 'emails'`
      : sql`update outbox_due set due_at = ${dueAt} where org_id = ${orgId} and what = 'emails'`
  ).execute(tx);
}

export interface CountedLetters {
  /** In the last hour. */
  readonly all: number;
  readonly toReceiver: number;
  /** Until the oldest of them is an hour old. */
  readonly freeInMs: number;
}

/** Of these types. Until the transaction ends, nobody else counts in this organization. */
export async function countLetters(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly receiver: string;
    readonly types: readonly string[];
  },
): Promise<CountedLetters> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended('sagewai.letters ' || ${of.orgId}::text, 0))
  `.execute(tx);
  const { rows } = await sql<CountedLetters>`
    select count(*)::int as "all",
           (count(*) filter (where lower(receiver) = lower(${of.receiver})))::int as "toReceiver",
           coalesce(greatest(1, ceil(extract(epoch from min(created_at) + interval '1 hour' - app_now())
                                     * 1000)), 1)::int as "freeInMs"
    from alert_email
    where org_id = ${of.orgId} and created_at > app_now() - interval '1 hour'
      and event_type = any(${[...of.types]}::text[])
  `.execute(tx);
  return rows[0] ?? { all: 0, toReceiver: 0, freeInMs: 1 };
}

/** One that was sent already, without what it said. */
export async function noteLetter(
  tx: Tx,
  of: Pick<NewEmail, 'orgId' | 'eventType' | 'messageId' | 'subject'> & {
    readonly receiver: string;
  },
): Promise<void> {
  await sql`
    insert into alert_email (id, org_id, message_id, event_type, receiver, subject, body, state,
                             attempts, due_at, ended_at)
    values (gen_random_uuid(), ${of.orgId}, ${of.messageId}, ${of.eventType}, ${of.receiver},
            ${of.subject}, '', 'delivered', 1, app_now(), app_now())
  `.execute(tx);
}
