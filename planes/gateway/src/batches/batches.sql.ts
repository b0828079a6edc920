import { type Db, inTenant, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Batch, BatchFile, BatchState, Manifest } from './batch.ts';

const FILE = sql`
  id, project_id as "projectId", deployment, provider_id as "providerId", filename, bytes, purpose,
  manifest, created_at as "createdAt"
`;
const BATCH = sql`
  id, project_id as "projectId", deployment, input_file_id as "inputFileId", manifest,
  provider_id as "providerId", state, said, created_at as "createdAt"
`;

/** B3. Whose a row is; every look-up names both. */
export interface Owner {
  readonly orgId: OrganizationId;
  readonly projectId: string;
}

/** The file, or the one that is known by the provider's id already. One of another project is never told. */
export async function putFile(
  tx: Tx,
  { orgId, projectId }: Owner,
  file: Omit<BatchFile, 'createdAt' | 'projectId'>,
): Promise<BatchFile> {
  const { rows } = await sql<BatchFile>`
    insert into batch_file (org_id, id, project_id, deployment, provider_id, filename, bytes, purpose, manifest)
    values (${orgId}, ${file.id}, ${projectId}, ${file.deployment}, ${file.providerId}, ${file.filename},
            ${file.bytes}, ${file.purpose}, ${file.manifest === null ? null : JSON.stringify(file.manifest)}::jsonb)
    on conflict (org_id, deployment, provider_id) do update set provider_id = excluded.provider_id
      where batch_file.project_id = excluded.project_id -- B3
    returning ${FILE}
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('the provider gave two projects one file');
  return row;
}

export async function findFile(tx: Tx, owner: Owner, id: string): Promise<BatchFile | null> {
  const { rows } = await sql<BatchFile>`
    select ${FILE} from batch_file
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} and id = ${id} -- B3
      and deleted_at is null
  `.execute(tx);
  return rows[0] ?? null;
}

export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

/** Of the pages before another one there is the last. */
export interface BatchPage extends Page {
  readonly before: string | null;
  readonly isOfMessages: boolean;
}

/** One more than the page has, if there are more. */
export async function listFilesOf(tx: Tx, owner: Owner, page: Page): Promise<BatchFile[]> {
  const { rows } = await sql<BatchFile>`
    select ${FILE} from batch_file f
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} -- B3
      and deleted_at is null
      and (${page.after}::text is null or (f.created_at, f.id) < (
        select a.created_at, a.id from batch_file a
        where a.org_id = f.org_id and a.project_id = f.project_id and a.id = ${page.after}))
    order by created_at desc, id desc limit ${page.limit + 1}
  `.execute(tx);
  return rows;
}

export async function markFileDeleted(tx: Tx, owner: Owner, id: string): Promise<void> {
  await sql`
    update batch_file set deleted_at = app_now()
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} and id = ${id}
      and deleted_at is null
  `.execute(tx);
}

/** Before anything is reserved or sent: whoever is killed leaves a row that says that it was made (B2). */
export async function insertBatch(
  tx: Tx,
  { orgId, projectId }: Owner,
  batch: Pick<Batch, 'id' | 'deployment' | 'inputFileId' | 'manifest'> & {
    readonly dueInMs: number;
  },
): Promise<void> {
  const { id, deployment, inputFileId, manifest } = batch;
  await sql`
    insert into batch (org_id, id, project_id, deployment, input_file_id, manifest, state)
    values (${orgId}, ${id}, ${projectId}, ${deployment}, ${inputFileId},
            ${manifest === null ? null : JSON.stringify(manifest)}::jsonb, 'made')
  `.execute(tx);
  await makeDue(tx, orgId, batch);
}

/** Also one that was given up in the meantime: its provider took long to answer (B2). */
export async function openBatch(
  tx: Tx,
  { orgId }: Owner,
  of: { readonly id: string; readonly providerId: string; readonly dueInMs: number },
): Promise<void> {
  const { id, providerId } = of;
  await sql`
    update batch set state = 'open', provider_id = ${providerId}, ended_at = null
    where org_id = ${orgId} and id = ${id} and state in ('made', 'lost')
  `.execute(tx);
  await makeDue(tx, orgId, of);
}

async function makeDue(
  tx: Tx,
  orgId: OrganizationId,
  { id, dueInMs }: { readonly id: string; readonly dueInMs: number },
): Promise<void> {
  await sql`
    insert into batch_due (org_id, batch_id, due_at)
    values (${orgId}, ${id}, app_now() + make_interval(secs => ${dueInMs / 1_000}))
    on conflict do nothing
  `.execute(tx);
}

export async function noteSaid(
  tx: Tx,
  orgId: OrganizationId,
  { id, said }: { readonly id: string; readonly said: object },
): Promise<void> {
  await sql`
    update batch set said = ${JSON.stringify(said)}::jsonb where org_id = ${orgId} and id = ${id}
  `.execute(tx);
}

export async function findBatch(tx: Tx, owner: Owner, id: string): Promise<Batch | null> {
  const { rows } = await sql<Batch>`
    select ${BATCH} from batch
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} and id = ${id} -- B3
      and deleted_at is null
  `.execute(tx);
  return rows[0] ?? null;
}

/** Newest first; one more than the page has, if there are more: at its end, or before it where it is asked for from there. */
export async function listBatchesOf(tx: Tx, owner: Owner, page: BatchPage): Promise<Batch[]> {
  const { after, before, limit, isOfMessages } = page;
  const direction = before === null ? sql`desc` : sql`asc`;
  const { rows } = await sql<Batch>`
    select ${BATCH} from batch b
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} and said is not null -- B3
      and deleted_at is null and (input_file_id is null) = ${isOfMessages}
      and (${after}::uuid is null or (b.created_at, b.id) < (
        select a.created_at, a.id from batch a
        where a.org_id = b.org_id and a.project_id = b.project_id and a.id = ${after}::uuid))
      and (${before}::uuid is null or (b.created_at, b.id) > (
        select a.created_at, a.id from batch a
        where a.org_id = b.org_id and a.project_id = b.project_id and a.id = ${before}::uuid))
    order by created_at ${direction}, id ${direction} limit ${limit + 1}
  `.execute(tx);
  return before === null ? rows : rows.toReversed();
}

export async function markBatchDeleted(tx: Tx, owner: Owner, id: string): Promise<void> {
  await sql`
    update batch set deleted_at = app_now()
    where org_id = ${owner.orgId} and project_id = ${owner.projectId} and id = ${id} -- B3
      and deleted_at is null
  `.execute(tx);
}

/** Nobody asks after it any more. */
export async function endBatch(
  tx: Tx,
  orgId: OrganizationId,
  { id, state }: { readonly id: string; readonly state: BatchState },
): Promise<void> {
  await sql`
    update batch set state = ${state}, ended_at = app_now()
    where org_id = ${orgId} and id = ${id} and ended_at is null
  `.execute(tx);
  await sql`delete from batch_due where org_id = ${orgId} and batch_id = ${id}`.execute(tx);
}

export interface DueBatch {
  readonly orgId: OrganizationId;
  readonly id: string;
  readonly asked: number;
}

export const batchesDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from batch_due`;

export async function listDue(db: Db, limit: number): Promise<DueBatch[]> {
  const { rows } = await sql<DueBatch>`
    select org_id as "orgId", batch_id as id, asked from batch_due
    where due_at <= app_now() order by due_at limit ${limit}
  `.execute(db);
  return rows;
}

export async function putOff(db: Db, due: DueBatch, dueInMs: number): Promise<void> {
  await sql`
    update batch_due set due_at = app_now() + make_interval(secs => ${dueInMs / 1_000}), asked = asked + 1
    where org_id = ${due.orgId} and batch_id = ${due.id}
  `.execute(db);
}

export interface DueDetails extends Batch {
  readonly manifest: Manifest;
  readonly ageMs: number;
}

export async function findDue(db: Db, { orgId, id }: DueBatch): Promise<DueDetails | null> {
  return inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<DueDetails>`
      select b.id, b.project_id as "projectId", b.deployment, b.input_file_id as "inputFileId",
             b.provider_id as "providerId", b.state, b.said, b.created_at as "createdAt",
             coalesce(b.manifest, f.manifest) as manifest,
             (extract(epoch from app_now() - b.created_at) * 1000)::float8 as "ageMs"
      from batch b left join batch_file f on f.org_id = b.org_id and f.id = b.input_file_id
      where b.org_id = ${orgId} and b.id = ${id}
    `.execute(tx);
    return rows[0] ?? null;
  });
}
