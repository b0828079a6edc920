import { type Executor, sql } from '@sagewai/postgres';

/** The one that is kept; null: the purpose has none. */
export async function readFingerprint(db: Executor, purpose: string): Promise<string | null> {
  const { rows } = await sql<{ fingerprint: string }>`
    select fingerprint from key_fingerprint where purpose = ${purpose}
  `.execute(db);
  return rows[0]?.fingerprint ?? null;
}

/** Keeps the fingerprint if the purpose has none, and returns the one that is kept (I6). */
export async function keepFingerprint(
  db: Executor,
  { purpose, fingerprint }: { readonly purpose: string; readonly fingerprint: string },
): Promise<string> {
  await sql`
    insert into key_fingerprint (purpose, fingerprint) values (${purpose}, ${fingerprint})
    on conflict do nothing
  `.execute(db);
  const kept = await readFingerprint(db, purpose);
  if (kept === null)
    throw new Error(`the fingerprint of ${purpose} is not there after it was kept`);
  return kept;
}
