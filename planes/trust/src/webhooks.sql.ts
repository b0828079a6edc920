import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

export interface WebhookRow {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly eventTypes: string[];
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly previousUntil: Date | null;
  readonly disabledWhy: string | null;
}

const COLUMNS = sql`
  id, name, url, event_types as "eventTypes", created_at as "createdAt", created_by as "createdBy",
  previous_until as "previousUntil", disabled_why as "disabledWhy"
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
}

export async function insertWebhook(tx: Tx, webhook: NewWebhook): Promise<WebhookRow | null> {
  const { id, orgId, name, url, eventTypes, sealed, createdBy } = webhook;
  const { rows } = await sql<WebhookRow>`
    insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by)
    values (${id}, ${orgId}, ${name}, ${url}, ${[...eventTypes]}, ${sealed}, ${createdBy})
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
      disabled_why = case ${enabled}::boolean when true then null when false then 'by hand'
                     else disabled_why end
    where id = ${id}
    returning ${COLUMNS}
  `.execute(tx);
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
