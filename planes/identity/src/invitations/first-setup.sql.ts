import { type Executor, sql, type Tx } from '@sagewai/postgres';

export interface FirstSetup {
  readonly id: string;
  readonly isUsed: boolean;
}

/** Needs a connection as `sagewai_dispatch` (A6). `made`: this call made it. */
export async function keepFirstSetup(
  db: Executor,
  id: string,
): Promise<{ readonly made: boolean }> {
  const { rows } = await sql`
    insert into first_setup (id) values (${id}) on conflict do nothing returning id
  `.execute(db);
  return { made: rows.length > 0 };
}

export async function readFirstSetup(db: Executor): Promise<FirstSetup | null> {
  const { rows } = await sql<FirstSetup>`
    select id, used_at is not null as "isUsed" from first_setup
  `.execute(db);
  return rows[0] ?? null;
}

/** Of any number that try at once, one is the first (A6). */
export async function useFirstSetup(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql`
    update first_setup set used_at = app_now() where id = ${id} and used_at is null returning id  -- A6
  `.execute(tx);
  return rows.length > 0;
}
