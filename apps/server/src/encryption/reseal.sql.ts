import { type Executor, sql, type Statement } from '@sagewai/postgres';

import type { SealedColumn } from './sealed-column.sql.ts';

export interface SealedRow {
  readonly id: string;
  readonly sealed: string;
  readonly names: readonly string[];
}

type ByRow = SealedColumn & { readonly how: { readonly by: 'row' } };

/** Rows after one, in the order of their ids, that stand under one of these keys. */
export async function listUnder(
  tx: Executor,
  { from, value, how }: ByRow,
  of: { readonly keyIds: readonly string[]; readonly after: string | null; readonly limit: number },
): Promise<SealedRow[]> {
  const { rows } = await sql<SealedRow>`
    select ${how.id}::text as id, ${value} as sealed, ${how.names} as names from ${from}
    where split_part(${value}, '.', 2) = any(${[...of.keyIds]}::text[])
      and (${of.after}::${how.idType} is null or ${how.id} > ${of.after}::${how.idType})
    order by ${how.id} limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** R1. Only where it still is what was opened: a row that was changed meanwhile stays what it has become. */
export async function replaceSealed(
  tx: Executor,
  { from, value, how }: ByRow,
  row: { readonly id: string; readonly was: string; readonly sealed: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    update ${from} set ${value} = ${row.sealed}
    where ${how.id} = ${row.id}::${how.idType} and ${value} = ${row.was}
  `.execute(tx);
  return rowCount === 1;
}

/** How many values of a column stand under each key, by the id that is in their heads. */
export async function countByKey(
  tx: Executor,
  { from, value, how }: SealedColumn,
): Promise<{ readonly keyId: string; readonly count: number }[]> {
  const isAlive: Statement<unknown> = how.by === 'expiry' ? how.isAlive : sql`true`;
  const { rows } = await sql<{ keyId: string; count: number }>`
    select split_part(${value}, '.', 2) as "keyId", count(*)::int as count from ${from}
    where ${value} like 's1.%' and ${isAlive} group by 1
  `.execute(tx);
  return rows;
}
