import { type Db, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { CallBody } from './call-body.ts';

export interface Keeping {
  readonly projectId: ProjectId;
  readonly keepDays: number;
}

/** Of all organizations: where anything is kept. */
export async function listKeeping(db: Db): Promise<Keeping[]> {
  const { rows } = await sql<Keeping>`
    select project_id as "projectId", keep_days as "keepDays" from body_keeping where keep_days is not null
  `.execute(db);
  return rows;
}

/** Also where nothing is kept any more: what was kept is dropped by its days. */
export async function listKeepers(db: Db): Promise<OrganizationId[]> {
  const { rows } = await sql<{ readonly orgId: OrganizationId }>`
    select distinct org_id as "orgId" from body_keeping
  `.execute(db);
  return rows.map(({ orgId }) => orgId);
}

export async function setKeeping(
  tx: Tx,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  keepDays: number | null,
): Promise<void> {
  await sql`
    insert into body_keeping (org_id, project_id, keep_days) values (${orgId}, ${projectId}, ${keepDays})
    on conflict (project_id) do update set keep_days = excluded.keep_days
  `.execute(tx);
}

export async function readKeeping(
  tx: Tx,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<{ readonly keepDays: number | null; readonly kept: number }> {
  const { rows } = await sql<{ readonly keepDays: number | null; readonly kept: number }>`
    select (select keep_days from body_keeping where project_id = ${projectId}) as "keepDays",
           (select count(*)::int from call_body
             where org_id = ${orgId} and project_id = ${projectId} and drop_at > app_now()) as kept
  `.execute(tx);
  return rows[0] ?? { keepDays: null, kept: 0 };
}

export async function insertBody(
  tx: Tx,
  orgId: OrganizationId,
  body: Omit<CallBody, 'at' | 'dropAt'> & { readonly keepDays: number },
): Promise<void> {
  await sql`
    insert into call_body (org_id, call_id, project_id, drop_at, sealed_request, sealed_answer,
                           request_bytes, answer_bytes, is_cut)
    values (${orgId}, ${body.callId}, ${body.projectId}, app_now() + make_interval(days => ${body.keepDays}),
            ${body.sealedRequest}, ${body.sealedAnswer}, ${body.requestBytes}, ${body.answerBytes}, ${body.isCut})
    on conflict do nothing
  `.execute(tx);
}

/** One that is to be dropped is gone already. */
export async function findBody(
  tx: Tx,
  orgId: OrganizationId,
  callId: string,
): Promise<CallBody | null> {
  const { rows } = await sql<CallBody>`
    select call_id as "callId", project_id as "projectId", at, drop_at as "dropAt",
           sealed_request as "sealedRequest", sealed_answer as "sealedAnswer",
           request_bytes as "requestBytes", answer_bytes as "answerBytes", is_cut as "isCut"
    from call_body where org_id = ${orgId} and call_id = ${callId} and drop_at > app_now()
  `.execute(tx);
  return rows[0] ?? null;
}

/** Out of reach at once; removed with those that are over. */
export async function dropProject(
  tx: Tx,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<void> {
  await sql`
    update call_body set drop_at = app_now() where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
}

/** How many there were. */
export async function dropOver(tx: Tx, orgId: OrganizationId, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from call_body where org_id = ${orgId} and call_id in (
      select call_id from call_body where org_id = ${orgId} and drop_at <= app_now()
      order by drop_at limit ${limit})
    returning call_id
  `.execute(tx);
  return rows.length;
}
