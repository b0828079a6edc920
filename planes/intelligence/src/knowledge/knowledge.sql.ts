import { type Executor, sql, type Tx } from '@sagewai/postgres';

import type { OfProject } from '../chats/chat.ts';
import type { Found, IndexRow, Passage } from './passage.ts';

export async function findIndex(
  tx: Executor,
  { orgId, projectId }: OfProject,
): Promise<IndexRow | null> {
  const { rows } = await sql<IndexRow>`
    select generation, documents, chunks, bytes, embedding_model as "embeddingModel", source,
           built_at as "builtAt", built_by as "builtBy"
    from knowledge_index where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** What another build has made so far stays until it finds out that it is not the last. */
export async function beginBuild(
  tx: Tx,
  { orgId, projectId }: OfProject,
  generation: string,
): Promise<void> {
  await sql`
    insert into knowledge_index (org_id, project_id, building) values (${orgId}, ${projectId}, ${generation})
    on conflict (org_id, project_id) do update set building = excluded.building
  `.execute(tx);
}

/** Whether this build is still the one: an index that was deleted, or is built by another, takes none. */
export async function insertPassages(
  tx: Tx,
  { orgId, projectId }: OfProject,
  of: {
    readonly generation: string;
    readonly from: number;
    readonly passages: readonly Passage[];
    readonly vectors: readonly (Buffer | null)[];
  },
): Promise<boolean> {
  const { generation, from, passages, vectors } = of;
  const { rows } = await sql`
    insert into knowledge_chunk (org_id, project_id, generation, place, doc_path, heading, chunk, body, vector)
    select ${orgId}, ${projectId}, ${generation}, ${from} + made.n - 1, made.path, made.heading, made.chunk, made.body, made.vector
    from unnest(${passages.map(({ path }) => path)}::text[], ${passages.map(({ heading }) => heading)}::text[],
                ${passages.map(({ chunk }) => chunk)}::int[], ${passages.map(({ body }) => body)}::text[],
                ${[...vectors]}::bytea[])
      with ordinality as made (path, heading, chunk, body, vector, n)
    where exists (
      select from knowledge_index i
      where i.org_id = ${orgId} and i.project_id = ${projectId} and i.building = ${generation}
    )
    returning place
  `.execute(tx);
  return rows.length > 0;
}

/** K2. Whether this build is still the one: else what it has made is nobody's. */
export async function finishBuild(
  tx: Tx,
  { orgId, projectId }: OfProject,
  built: Omit<IndexRow, 'builtAt' | 'generation'> & { readonly generation: string },
): Promise<boolean> {
  const { generation, documents, chunks, bytes, embeddingModel, source, builtBy } = built;
  const { rows } = await sql`
    update knowledge_index
    set generation = ${generation}, building = null, documents = ${documents}, chunks = ${chunks}, bytes = ${bytes},
        embedding_model = ${embeddingModel}, source = ${source}, built_at = app_now(), built_by = ${builtBy}
    where org_id = ${orgId} and project_id = ${projectId} and building = ${generation}
    returning project_id
  `.execute(tx);
  if (rows.length === 0) return false;
  await sql`
    delete from knowledge_chunk
    where org_id = ${orgId} and project_id = ${projectId} and generation <> ${generation}
  `.execute(tx);
  return true;
}

/** Of a build that failed. */
export async function dropBuild(
  tx: Tx,
  { orgId, projectId }: OfProject,
  generation: string,
): Promise<void> {
  await sql`
    delete from knowledge_chunk
    where org_id = ${orgId} and project_id = ${projectId} and generation = ${generation}
  `.execute(tx);
}

/** Whether there was one. */
export async function deleteIndexRow(tx: Tx, { orgId, projectId }: OfProject): Promise<boolean> {
  const { rows } = await sql<{ generation: string | null }>`
    delete from knowledge_index where org_id = ${orgId} and project_id = ${projectId} returning generation
  `.execute(tx);
  return rows[0]?.generation !== undefined && rows[0].generation !== null;
}

const FOUND = sql`place, doc_path as path, heading, chunk, body`;

/** The passages that have some of the words, the best first. */
export async function findByWords(
  tx: Executor,
  { orgId, projectId }: OfProject,
  of: { readonly generation: string; readonly words: readonly string[]; readonly most: number },
): Promise<Found[]> {
  const { generation, words, most } = of;
  const { rows } = await sql<Found>`
    with asked as (
      select replace(plainto_tsquery('simple', ${words.join(' ')})::text, '&', '|')::tsquery as query
    )
    select ${FOUND}, ts_rank_cd(words, asked.query, 1) as score
    from knowledge_chunk, asked
    where org_id = ${orgId} and project_id = ${projectId} and generation = ${generation}
      and words @@ asked.query
    order by score desc, place limit ${most}
  `.execute(tx);
  return rows;
}

/** Some vectors at once, in the order of their places. */
export async function listVectors(
  tx: Executor,
  { orgId, projectId }: OfProject,
  of: { readonly generation: string; readonly after: number; readonly limit: number },
): Promise<{ readonly place: number; readonly vector: Buffer }[]> {
  const { generation, after, limit } = of;
  const { rows } = await sql<{ place: number; vector: Buffer }>`
    select place, vector from knowledge_chunk
    where org_id = ${orgId} and project_id = ${projectId} and generation = ${generation}
      and place > ${after} and vector is not null
    order by place limit ${limit}
  `.execute(tx);
  return rows;
}

export async function listPassages(
  tx: Executor,
  { orgId, projectId }: OfProject,
  of: { readonly generation: string; readonly places: readonly number[] },
): Promise<Omit<Found, 'score'>[]> {
  const { rows } = await sql<Omit<Found, 'score'>>`
    select ${FOUND} from knowledge_chunk
    where org_id = ${orgId} and project_id = ${projectId} and generation = ${of.generation}
      and place = any(${[...of.places]}::int[])
  `.execute(tx);
  return rows;
}
