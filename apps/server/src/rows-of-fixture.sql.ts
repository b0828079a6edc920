import { type Db, sql, type Statement } from '@sagewai/postgres';

/** A statement whose text is made from the catalog, which the tag rightly cannot do. */
const raw = <Row>(text: string): Statement<Row> =>
  sql<Row>(Object.assign([text], { raw: [text] }) as TemplateStringsArray);

/** Every row of an organization, by table: whatever has `org_id`, and is no part of another. */
export async function rowsOf(owner: Db, orgId: string): Promise<ReadonlyMap<string, string[]>> {
  const tables = await sql<{ name: string }>`
    select quote_ident(relname) as name from pg_class join pg_attribute on attrelid = pg_class.oid
    where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace
      and attname = 'org_id' and attnum > 0
    order by relname
  `.execute(owner);
  const found = new Map<string, string[]>();
  for (const { name } of tables.rows) {
    const { rows } = await raw<{ text: string }>(
      `select to_jsonb(t)::text as text from ${name} t where org_id = '${orgId}' order by 1`,
    ).execute(owner);
    if (rows.length > 0)
      found.set(
        name,
        rows.map(({ text }) => text),
      );
  }
  return found;
}
