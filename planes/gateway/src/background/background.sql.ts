import { type Db, inTenant, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { OpenResponse } from './background.ts';

/** Again where it was made before: the same. */
export async function openResponse(
  tx: Tx,
  orgId: OrganizationId,
  of: OpenResponse & { readonly dueInMs: number },
): Promise<void> {
  const { id, projectId, deployment, providerId, manifest } = of;
  await sql`
    with opened as (
      insert into background_response (org_id, id, project_id, deployment, provider_id, manifest)
      values (${orgId}, ${id}, ${projectId}, ${deployment}, ${providerId}, ${JSON.stringify(manifest)}::jsonb)
      on conflict do nothing returning org_id, id)
    insert into background_due (org_id, response_id, due_at)
    select org_id, id, app_now() + make_interval(secs => ${of.dueInMs / 1_000}) from opened
  `.execute(tx);
}

export interface OpenDetails extends OpenResponse {
  readonly ageMs: number;
}

/** Null: it was settled, or given up. */
export async function findOpen(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<OpenDetails | null> {
  const { rows } = await sql<OpenDetails>`
    select id, project_id as "projectId", deployment, provider_id as "providerId", manifest,
           (extract(epoch from app_now() - created_at) * 1000)::float8 as "ageMs"
    from background_response where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Nobody asks after it any more. False: somebody else had ended it. */
export async function endOpen(tx: Tx, orgId: OrganizationId, id: string): Promise<boolean> {
  await sql`
    delete from background_due where org_id = ${orgId} and response_id = ${id}
  `.execute(tx);
  const { rows } = await sql`
    delete from background_response where org_id = ${orgId} and id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}

export interface DueResponse {
  readonly orgId: OrganizationId;
  readonly id: string;
  readonly asked: number;
}

export const responsesDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from background_due`;

export async function listDueResponses(db: Db, limit: number): Promise<DueResponse[]> {
  const { rows } = await sql<DueResponse>`
    select org_id as "orgId", response_id as id, asked from background_due
    where due_at <= app_now() order by due_at limit ${limit}
  `.execute(db);
  return rows;
}

export async function putOffResponse(db: Db, due: DueResponse, dueInMs: number): Promise<void> {
  await sql`
    update background_due
    set due_at = app_now() + make_interval(secs => ${dueInMs / 1_000}), asked = asked + 1
    where org_id = ${due.orgId} and response_id = ${due.id}
  `.execute(db);
}

export const findDueResponse = (db: Db, { orgId, id }: DueResponse): Promise<OpenDetails | null> =>
  inTenant(db, [orgId], (tx) => findOpen(tx, orgId, id));
