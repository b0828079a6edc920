import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { FiringHow, FiringRow, TriggerRow } from './trigger.ts';

const COLUMNS = sql`
  t.id, t.org_id as "orgId", t.project_id as "projectId", t.name, t.kind, t.enabled, t.options, t.filter,
  t.run, t.path, t.schedule_id as "scheduleId", t.secret_sealed as "secretSealed",
  case when t.previous_until > app_now() then t.previous_sealed end as "previousSealed",
  case when t.previous_until > app_now() then t.previous_until end as "previousUntil",
  t.created_by as "createdBy", t.created_at as "createdAt"
`;

const jsonOf = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/** False: the project has one of that name. */
export async function insertTrigger(
  tx: Tx,
  trigger: Omit<TriggerRow, 'createdAt' | 'previousSealed' | 'previousUntil'>,
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into run_trigger (id, org_id, project_id, name, kind, enabled, options, filter, run, path,
                             schedule_id, secret_sealed, created_by, created_at)
    values (${trigger.id}, ${trigger.orgId}, ${trigger.projectId}, ${trigger.name}, ${trigger.kind},
            ${trigger.enabled}, ${JSON.stringify(trigger.options)}::json, ${jsonOf(trigger.filter)}::json,
            ${JSON.stringify(trigger.run)}::json, ${trigger.path}, ${trigger.scheduleId},
            ${trigger.secretSealed}, ${trigger.createdBy}, app_now())
    on conflict on constraint a_trigger_has_a_name_of_its_own do nothing
  `.execute(tx);
  if (rowCount === 1 && trigger.path !== null) {
    await sql`
      insert into trigger_path (path, org_id, trigger_id)
      values (${trigger.path}, ${trigger.orgId}, ${trigger.id})
    `.execute(tx);
  }
  return rowCount === 1;
}

/** False: the project has another of that name. */
export async function changeTrigger(
  tx: Tx,
  trigger: Pick<TriggerRow, 'id' | 'projectId' | 'name' | 'enabled' | 'options' | 'filter' | 'run'>,
): Promise<boolean> {
  const { rowCount } = await sql`
    update run_trigger t set name = ${trigger.name}, enabled = ${trigger.enabled},
      options = ${JSON.stringify(trigger.options)}::json, filter = ${jsonOf(trigger.filter)}::json,
      run = ${JSON.stringify(trigger.run)}::json
    where t.id = ${trigger.id} and not exists (
      select from run_trigger o
      where o.org_id = t.org_id and o.project_id = t.project_id and o.name = ${trigger.name} and o.id <> t.id)
  `.execute(tx);
  return rowCount === 1;
}

/** The secret that was in use is good for `overlapMs` more. */
export async function replaceSecret(
  tx: Tx,
  of: { readonly id: string; readonly sealed: string; readonly overlapMs: number },
): Promise<void> {
  await sql`
    update run_trigger set previous_sealed = secret_sealed,
      previous_until = app_now() + ${of.overlapMs} * interval '1 millisecond', secret_sealed = ${of.sealed}
    where id = ${of.id}
  `.execute(tx);
}

export async function deleteTrigger(tx: Tx, id: string): Promise<void> {
  await sql`delete from trigger_path where trigger_id = ${id}`.execute(tx);
  await sql`delete from trigger_due where trigger_id = ${id}`.execute(tx);
  await sql`delete from run_trigger where id = ${id}`.execute(tx);
}

/** Of the organization, or of one project. */
export async function listTriggers(
  tx: Executor,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<TriggerRow[]> {
  const { rows } = await sql<TriggerRow>`
    select ${COLUMNS} from run_trigger t
    where t.org_id = ${orgId} and (${projectId}::uuid is null or t.project_id = ${projectId}::uuid)
    order by t.name, t.id
  `.execute(tx);
  return rows;
}

export async function countTriggers(tx: Executor, projectId: ProjectId): Promise<number> {
  const { rowCount } = await sql`select from run_trigger where project_id = ${projectId}`.execute(
    tx,
  );
  return rowCount;
}

/** By its id, or by its name in the project. */
export async function findTrigger(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly named: string;
  },
): Promise<TriggerRow | null> {
  const { rows } = await sql<TriggerRow>`
    select ${COLUMNS} from run_trigger t
    where t.org_id = ${of.orgId}
      and (t.id::text = ${of.named} or (t.name = ${of.named} and t.project_id = ${of.projectId}::uuid))
    order by t.id::text = ${of.named} desc limit 1
  `.execute(tx);
  return rows[0] ?? null;
}

/** Whose a path is. */
export async function findPath(
  dispatch: Executor,
  path: string,
): Promise<{ readonly id: string; readonly orgId: OrganizationId } | null> {
  const { rows } = await sql<{ id: string; orgId: OrganizationId }>`
    select trigger_id as id, org_id as "orgId" from trigger_path where path = ${path}
  `.execute(dispatch);
  return rows[0] ?? null;
}

/**
 * One more delivery of this minute; null: there were as many as there may be, and so many milliseconds of it are left.
 * Deliveries of one trigger go one after the other from here on.
 */
export async function countDelivery(
  tx: Tx,
  { id, perMinute }: { readonly id: string; readonly perMinute: number },
): Promise<{ readonly kind: 'counted' } | { readonly kind: 'full'; readonly waitMs: number }> {
  const { rowCount } = await sql`
    update run_trigger set
      minute_count = case when minute_at >= date_trunc('minute', app_now()) then minute_count + 1 else 1 end,
      -- Whoever waited for the row may have begun in an earlier minute.
      minute_at = greatest(minute_at, date_trunc('minute', app_now()))
    where id = ${id}
      and (minute_at is null or minute_at < date_trunc('minute', app_now()) or minute_count < ${perMinute})
  `.execute(tx);
  if (rowCount === 1) return { kind: 'counted' };
  const { rows } = await sql<{ waitMs: number }>`
    select (extract(epoch from date_trunc('minute', app_now()) + interval '1 minute' - app_now())
             * 1000)::float8 as "waitMs"
  `.execute(tx);
  return { kind: 'full', waitMs: rows[0]?.waitMs ?? 0 };
}

const FIRING = sql`
  id, delivery_key as "deliveryKey", how, run_id as "runId", error, repeats, fired_at as "firedAt"
`;

export interface NewFiring {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly triggerId: string;
  readonly deliveryKey: string;
  readonly how: FiringHow;
  readonly runId: RunId | null;
  readonly error: string | null;
}

/**
 * X1. False: this delivery has fired. One that was refused may be tried again. Whoever is at the same delivery
 * is waited for.
 */
export async function insertTriggerFiring(tx: Tx, firing: NewFiring): Promise<boolean> {
  const { rowCount } = await sql`
    insert into trigger_firing as f (id, org_id, trigger_id, delivery_key, how, run_id, error, fired_at, seen_at)
    values (${firing.id}, ${firing.orgId}, ${firing.triggerId}, ${firing.deliveryKey}, ${firing.how},
            ${firing.runId}, ${firing.error}, app_now(), app_now())
    on conflict on constraint a_delivery_fires_once do update
      set how = excluded.how, run_id = excluded.run_id, error = excluded.error, fired_at = excluded.fired_at,
          seen_at = excluded.seen_at, repeats = f.repeats + 1
      where f.how = 'refused'
  `.execute(tx);
  return rowCount === 1;
}

/** It came again. */
export async function noteRepeat(
  tx: Tx,
  of: { readonly triggerId: string; readonly deliveryKey: string },
): Promise<FiringRow | null> {
  const { rows } = await sql<FiringRow>`
    update trigger_firing set repeats = repeats + 1
    where trigger_id = ${of.triggerId} and delivery_key = ${of.deliveryKey} and how <> 'refused'
    returning ${FIRING}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listTriggerFirings(
  tx: Executor,
  triggerId: string,
  limit: number,
): Promise<FiringRow[]> {
  const { rows } = await sql<FiringRow>`
    select ${FIRING} from trigger_firing where trigger_id = ${triggerId}
    order by fired_at desc, id desc limit ${limit}
  `.execute(tx);
  return rows;
}

/**
 * Forgets firings of the transaction's organizations; a delivery that is older fires again. Those of a poller are as old
 * as they were when its items were read last (X9): an address that answers nothing, or nothing new, lists them still.
 */
export async function forgetTriggerFirings(tx: Executor, afterMs: number): Promise<void> {
  const kept = sql`${afterMs} * interval '1 millisecond'`;
  await sql`
    delete from trigger_firing f
    where f.org_id = any(visible_orgs()) and f.seen_at < app_now() - ${kept}
      and not exists (select from trigger_poll p
                      where p.trigger_id = f.trigger_id and f.seen_at >= p.items_at - ${kept})
  `.execute(tx);
}

/** Its idempotency key had been used for the same request: that run is its own. */
export async function setFiringRun(
  tx: Tx,
  of: { readonly triggerId: string; readonly deliveryKey: string; readonly runId: RunId },
): Promise<void> {
  await sql`
    update trigger_firing set run_id = ${of.runId}
    where trigger_id = ${of.triggerId} and delivery_key = ${of.deliveryKey}
  `.execute(tx);
}
