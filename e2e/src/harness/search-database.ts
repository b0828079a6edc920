import pg from 'pg';

import { query } from './database.ts';

/** The tables in which a text stands, in any column and any row, also as bytes. */
export async function searchDatabase(adminUrl: string, text: string): Promise<string[]> {
  const tables = await query<{ name: string }>(
    adminUrl,
    `select c.relname as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm')`,
  );
  if (tables.length < 20) throw new Error('that is not the database of a server');
  const spellings = [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')];
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await query(
      adminUrl,
      `select from ${pg.escapeIdentifier(name)} t
       where exists (select from unnest($1::text[]) s where position(s in t::text) > 0) limit 1`,
      [spellings],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}
