import { type Executor, sql } from '@sagewai/postgres';

/**
 * Keeps a secret in the database, for a server that has no home to keep it in (I7). The first value
 * stays: replicas that start together all get the same. Needs the owner's connection (`role: null`).
 */
export async function keepSecret(
  owner: Executor,
  { name, value }: { readonly name: string; readonly value: string },
): Promise<string> {
  await sql`
    insert into kept_secret (name, value) values (${name}, ${value}) on conflict do nothing
  `.execute(owner);
  const { rows } = await sql<{ value: string }>`
    select value from kept_secret where name = ${name}
  `.execute(owner);
  const [kept] = rows;
  if (!kept) throw new Error(`${name} cannot be read back: this connection is not the owner's`);
  return kept.value;
}

/** The names of the secrets that the database keeps; `doctor` fails while there are any. */
export async function listKeptSecrets(owner: Executor): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from kept_secret order by name
  `.execute(owner);
  return rows.map(({ name }) => name);
}
