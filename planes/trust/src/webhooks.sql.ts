import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

export interface WebhookRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly eventTypes: string[];
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly previousUntil: Date | null;
  readonly disabledWhy: string | null;
  readonly projectId: ProjectId | null;
  readonly failingSince: Date | null;
}

const COLUMNS = sql`
  id, name, url, event_types as "eventTypes", created_at as "createdAt", created_by as "createdBy",
  previous_until as "previousUntil", disabled_why as "disabledWhy", project_id as "projectId",
  failing_since as "failingSince"
`;

export async function listWebhooks(tx: Executor, orgId: OrganizationId): Promise<WebhookRow[]> {
  const { rows } = await sql<WebhookRow>`
    select ${COLUMNS} from alert_webhook where org_id = ${orgId} order by id
  `.execute(tx);
  return rows;
}

export interface NewWebhook {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly name: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly sealed: string;
  readonly createdBy: string;
  readonly projectId?: ProjectId | null;
}

/** Null: there is no such project. */
export async function insertWebhook(tx: Tx, webhook: NewWebhook): Promise<WebhookRow | null> {
  const { id, orgId, name, url, eventTypes, sealed, createdBy, projectId = null } = webhook;
  const { rows } = await sql<WebhookRow>`
    insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by, project_id)
    select ${id}, ${orgId}, ${name}, ${url}, ${[...eventTypes]}::text[], ${sealed}, ${createdBy},
           ${projectId}::uuid
    where ${projectId}::uuid is null
       or exists (select from project p where p.org_id = ${orgId} and p.id = ${projectId}::uuid)
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

interface WebhookChange {
  readonly id: string;
  readonly name: string | null;
  readonly url: string | null;
  readonly eventTypes: readonly string[] | null;
  readonly enabled: boolean | null;
}

/** What is null stays as it is. */
export async function changeWebhook(tx: Tx, change: WebhookChange): Promise<WebhookRow | null> {
  const { id, name, url, eventTypes, enabled } = change;
  const { rows } = await sql<WebhookRow>`
    update alert_webhook set
      name = coalesce(${name}::text, name), url = coalesce(${url}::text, url),
      event_types = coalesce(${eventTypes === null ? null : [...eventTypes]}::text[], event_types),
      failing_since = case ${enabled}::boolean when true then null else failing_since end,
      disabled_why = case ${enabled}::boolean when true then null when false then 'by hand'
                     else disabled_why end
    where id = ${id}
    returning ${COLUMNS}
  `.execute(tx);
  if (enabled === false) await failWaiting(tx, id);
  return rows[0] ?? null;
}

/** The secret that was in use signs for `overlapMs` more. */
export async function rotateSecret(
  tx: Tx,
  rotation: { readonly id: string; readonly sealed: string; readonly overlapMs: number },
): Promise<WebhookRow | null> {
  const { rows } = await sql<WebhookRow>`
    update alert_webhook set
      previous_sealed = secret_sealed,
      previous_until = app_now() + ${rotation.overlapMs} * interval '1 millisecond',
      secret_sealed = ${rotation.sealed}
    where id = ${rotation.id}
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function deleteWebhook(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await sql`delete from alert_webhook where id = ${id}`.execute(tx);
  return rowCount === 1;
}

export async function disableWebhook(tx: Executor, id: string, why: string): Promise<void> {
  await sql`update alert_webhook set disabled_why = ${why} where id = ${id}`.execute(tx);
}

/** T13. What waits for a webhook that has ended has failed; it can be sent again by hand. */
export async function failWaiting(tx: Executor, id: string): Promise<void> {
  await sql`
    update alert_delivery d set state = 'failed', ended_at = app_now(), last_error = w.disabled_why
    from alert_webhook w
    where w.id = ${id} and w.disabled_why is not null and d.webhook_id = w.id and d.state = 'pending'
  `.execute(tx);
}

export async function findWebhook(
  tx: Executor,
  orgId: OrganizationId,
  id: string,
): Promise<WebhookRow | null> {
  const { rows } = await sql<WebhookRow>`
    select ${COLUMNS} from alert_webhook where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Something has arrived: what failed before counts no more. */
export async function noteReached(tx: Executor, id: string): Promise<void> {
  await sql`
    update alert_webhook set failing_since = null where id = ${id} and failing_since is not null
  `.execute(tx);
}

/** True: it has failed for so long that it is told no more, from now on. */
export async function noteFailing(
  tx: Executor,
  { id, failingMsMax }: { readonly id: string; readonly failingMsMax: number },
): Promise<boolean> {
  const { rows } = await sql<{ gone: boolean }>`
    with old as (
      select id, coalesce(failing_since, app_now()) as since,
             coalesce(failing_since, app_now()) <= app_now() - ${failingMsMax} * interval '1 millisecond' as gone
      from alert_webhook where id = ${id} and disabled_why is null for update
    )
    update alert_webhook w set failing_since = old.since,
      disabled_why = case when old.gone then 'nothing has reached it since ' || old.since end
    from old where w.id = old.id returning old.gone
  `.execute(tx);
  return rows[0]?.gone ?? false;
}
