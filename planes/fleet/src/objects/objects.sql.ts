import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { ContentKind, ContentOf } from './content-reference.ts';

/** What stands in the row of a content of the transaction's organizations, as JSON text; null: nothing. */
export async function findStoredContent(
  tx: Executor,
  { runId, kind }: Pick<ContentOf, 'runId' | 'kind'>,
): Promise<string | null> {
  const table = kind === 'payload' ? sql`run` : sql`outcome`;
  const column = kind === 'payload' ? sql`payload` : sql`output`;
  const { rows } = await sql<{ stored: string | null }>`
    select ${column}::text as stored from ${table} where run_id = ${runId}
  `.execute(tx);
  return rows[0]?.stored ?? null;
}

export interface NamedObject {
  readonly runId: RunId;
  readonly kind: ContentKind;
  readonly objectId: string;
}

/** Of these objects, those that no row of the transaction's organizations refers to. */
export async function findOrphanObjects(
  tx: Executor,
  objects: readonly NamedObject[],
): Promise<NamedObject[]> {
  if (objects.length === 0) return [];
  const { rows } = await sql<NamedObject>`
    select g.run_id as "runId", g.kind, g.object_id as "objectId"
    from unnest(
      ${objects.map(({ runId }) => runId)}::uuid[], ${objects.map(({ kind }) => kind)}::text[],
      ${objects.map(({ objectId }) => objectId)}::text[]
    ) as g(run_id, kind, object_id)
    where not exists (
        select from run r where g.kind = 'payload' and r.run_id = g.run_id
          and r.payload::text like '"obj1.%' and position(g.object_id in left(r.payload::text, 100)) > 0)
      and not exists (
        select from outcome o where g.kind = 'output' and o.run_id = g.run_id
          and o.output::text like '"obj1.%' and position(g.object_id in left(o.output::text, 100)) > 0)
  `.execute(tx);
  return rows;
}
