import { type Db, sql, type Statement } from '@sagewai/postgres';

/** A statement whose text is made from the catalog, which the tag rightly cannot do. */
const raw = <Row>(text: string): Statement<Row> =>
  sql<Row>(Object.assign([text], { raw: [text] }) as TemplateStringsArray);

/** Every row of every table, as one text, to look for what must not be there. */
export async function everythingIn(owner: Db): Promise<string> {
  const tables = await raw<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  ).execute(owner);
  const texts: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await raw<{ text: string }>(
      `select coalesce(string_agg(t::text, E'\\n'), '') as text from ${name} t`,
    ).execute(owner);
    texts.push(`${name}\n${rows[0]?.text ?? ''}`);
  }
  return texts.join('\n');
}
