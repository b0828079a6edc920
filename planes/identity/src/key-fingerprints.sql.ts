import { type Executor, sql } from '@sagewai/postgres';

/** Keeps the fingerprint if the purpose has none, and returns the one that is kept (I6). */
export async function keepFingerprint(
  db: Executor,
  { purpose, fingerprint }: { readonly purpose: string; readonly fingerprint: string },
): Promise<string> {
  await sql`
    insert into key_fingerprint (purpose, fingerprint) values (${purpose}, ${fingerprint})
    on conflict do nothing
  `.execute(db);
  const { rows } = await sql<{ fingerprint: string }>`
    select fingerprint from key_fingerprint where purpose = ${purpose}
  `.execute(db);
  const [kept] = rows;
  if (!kept) throw new Error(`the fingerprint of ${purpose} is not there after it was kept`);
  return kept.fingerprint;
}
