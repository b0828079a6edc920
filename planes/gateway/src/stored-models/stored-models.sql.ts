import { type Executor, sql, type Tx } from '@sagewai/postgres';

export interface SealedModel {
  readonly id: string;
  readonly sealed: string;
}

export async function listSealed(db: Executor): Promise<SealedModel[]> {
  const { rows } = await sql<SealedModel>`
    select id, sealed from stored_model order by created_at, id
  `.execute(db);
  return rows;
}

export async function findSealed(tx: Tx, id: string): Promise<SealedModel | null> {
  const { rows } = await sql<SealedModel>`
    select id, sealed from stored_model where id = ${id} for update
  `.execute(tx);
  return rows[0] ?? null;
}

/** False when there is one with this id. */
export async function insertSealed(
  tx: Tx,
  { id, sealed, by }: SealedModel & { readonly by: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into stored_model (id, sealed, created_by) values (${id}, ${sealed}, ${by})
    on conflict do nothing
  `.execute(tx);
  await countChange(tx);
  return rowCount > 0;
}

export async function replaceSealed(tx: Tx, { id, sealed }: SealedModel): Promise<void> {
  await sql`update stored_model set sealed = ${sealed} where id = ${id}`.execute(tx);
  await countChange(tx);
}

/** False when there is none with this id. */
export async function deleteSealed(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await sql`delete from stored_model where id = ${id}`.execute(tx);
  await countChange(tx);
  return rowCount > 0;
}

export async function readVersion(db: Executor): Promise<bigint> {
  const { rows } = await sql<{ version: bigint }>`
    select version from stored_model_version
  `.execute(db);
  return rows[0]?.version ?? 0n;
}

/** Whatever replicas look for by this version has changed. */
export async function countChange(tx: Tx): Promise<void> {
  await sql`update stored_model_version set version = version + 1`.execute(tx);
}
