import { type Executor, sql, type Statement } from '@sagewai/postgres';

/** For each, in how many ms there is something to do; null: nothing is known of. */
export async function readDue(
  db: Executor,
  questions: readonly Statement<unknown>[],
): Promise<(number | null)[]> {
  const each = questions.map((question) => sql`(${question})::float8`);
  const { rows } = await sql<{ due: (number | null)[] }>`
    select array[${sql.join(each)}]::float8[] as due
  `.execute(db);
  return rows[0]?.due ?? [];
}
