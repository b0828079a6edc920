import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { OfProject } from '../chats/chat.ts';
import type { Artifact } from './artifact.ts';

const COLUMNS = sql`
  id, org_id as "orgId", project_id as "projectId", run_id as "runId", name, bytes::float8 as bytes, sha256,
  sealed_key as "sealedKey", created_at as "createdAt", created_by as "createdBy", completed_at as "completedAt"
`;

/** In place of what the same run has made of the same name before. */
export async function insertArtifact(
  tx: Tx,
  artifact: Omit<Artifact, 'createdAt' | 'completedAt'>,
): Promise<Artifact> {
  const { orgId, runId, name } = artifact;
  await sql`
    delete from artifact where org_id = ${orgId} and run_id = ${runId} and name = ${name}
  `.execute(tx);
  const { rows } = await sql<Artifact>`
    insert into artifact (org_id, id, project_id, run_id, name, bytes, sha256, sealed_key, created_by)
    values (${orgId}, ${artifact.id}, ${artifact.projectId}, ${runId}, ${name}, ${artifact.bytes},
            ${artifact.sha256}, ${artifact.sealedKey}, ${artifact.createdBy})
    returning ${COLUMNS}
  `.execute(tx);
  const [made] = rows;
  if (made === undefined) throw new Error('an artifact that was inserted is not there');
  return made;
}

/** Whoever begins one decides after whoever began before: room is given once. Ends with the transaction. */
export async function lockRoom(tx: Tx, { projectId }: OfProject): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('artifacts ' || ${projectId}, 0))`.execute(
    tx,
  );
}

export async function sumBytes(tx: Executor, { orgId, projectId }: OfProject): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`
    select coalesce(sum(bytes), 0)::float8 as bytes from artifact
    where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
  return rows[0]?.bytes ?? 0;
}

export async function findArtifact(
  tx: Executor,
  orgId: OrganizationId,
  id: string,
): Promise<Artifact | null> {
  const { rows } = await sql<Artifact>`
    select ${COLUMNS} from artifact where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listArtifactRows(
  tx: Executor,
  { orgId, projectId }: OfProject,
  of: { readonly runId: string | null; readonly limit: number },
): Promise<Artifact[]> {
  const { rows } = await sql<Artifact>`
    select ${COLUMNS} from artifact
    where org_id = ${orgId} and project_id = ${projectId}
      and (${of.runId}::uuid is null or run_id = ${of.runId}::uuid)
    order by created_at desc, id limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** Complete ones, by their names. */
export async function listMadeByRun(
  tx: Executor,
  orgId: OrganizationId,
  runId: string,
): Promise<Artifact[]> {
  const { rows } = await sql<Artifact>`
    select ${COLUMNS} from artifact
    where org_id = ${orgId} and run_id = ${runId} and completed_at is not null
    order by name
  `.execute(tx);
  return rows;
}

/** Whether it is still open; what was there of this part before is nobody's now. */
export async function upsertPart(
  tx: Tx,
  { orgId, id }: Pick<Artifact, 'orgId' | 'id'>,
  of: { readonly part: number; readonly objectId: string },
): Promise<boolean> {
  const { rows } = await sql`
    insert into artifact_part (org_id, project_id, artifact_id, part, object_id)
    select org_id, project_id, id, ${of.part}, ${of.objectId} from artifact
    where org_id = ${orgId} and id = ${id} and completed_at is null
    for update
    on conflict (org_id, artifact_id, part) do update set object_id = excluded.object_id
    returning part
  `.execute(tx);
  return rows.length > 0;
}

/** In their order. */
export async function listParts(
  tx: Executor,
  { orgId, id }: Pick<Artifact, 'orgId' | 'id'>,
  part: number | null = null,
): Promise<{ readonly part: number; readonly objectId: string }[]> {
  const { rows } = await sql<{ part: number; objectId: string }>`
    select part, object_id as "objectId" from artifact_part
    where org_id = ${orgId} and artifact_id = ${id} and (${part}::int is null or part = ${part}::int)
    order by part
  `.execute(tx);
  return rows;
}

/** B2. Null: other parts are there than those that were compared. */
export async function noteComplete(
  tx: Tx,
  { orgId, id }: Pick<Artifact, 'orgId' | 'id'>,
  objectIds: readonly string[],
): Promise<Artifact | null> {
  await sql`select from artifact where org_id = ${orgId} and id = ${id} for update`.execute(tx);
  const { rows } = await sql<Artifact>`
    update artifact set completed_at = coalesce(completed_at, app_now())
    where org_id = ${orgId} and id = ${id}
      and ${[...objectIds]}::uuid[] = array(
        select object_id from artifact_part where org_id = ${orgId} and artifact_id = ${id} order by part)
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function deleteArtifactRow(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from artifact where org_id = ${orgId} and id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}

/** Those whose sender has given up. */
export async function dropUnfinished(
  tx: Tx,
  orgId: OrganizationId,
  silentMs: number,
): Promise<void> {
  await sql`
    delete from artifact
    where org_id = ${orgId} and completed_at is null
      and created_at < app_now() - ${silentMs} * interval '1 millisecond'
  `.execute(tx);
}

/** B4. Of these objects those that a row names. */
export async function listNamedObjects(
  tx: Executor,
  orgId: OrganizationId,
  objectIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ objectId: string }>`
    select object_id as "objectId" from artifact_part
    where org_id = ${orgId} and object_id = any(${[...objectIds]}::uuid[])
  `.execute(tx);
  return rows.map(({ objectId }) => objectId);
}
