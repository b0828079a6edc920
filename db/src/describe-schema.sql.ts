import { type Executor, sql } from '@sagewai/postgres';

interface Line {
  readonly subject: string;
  readonly line: string;
}

/**
 * The schema as text, one line a fact, sorted: for reading, and for a test that compares it with the
 * committed `schema.txt`. Partitions are left out: which ones exist depends on the day.
 */
export async function describeSchema(db: Executor): Promise<string> {
  const { rows } = await sql<Line>`
    with own as (
      select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions
      from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S') and not c.relispartition
    )
    select relname::text as subject,
           '0 ' || case relkind when 'S' then 'sequence' when 'p' then 'partitioned table' else 'table' end
           || case when relforcerowsecurity and relrowsecurity then ', isolated by organization' else '' end
           || coalesce(', ' || array_to_string(reloptions, ', '), '') as line
    from own
    union all
    select own.relname, '1 ' || lpad(a.attnum::text, 2, '0') || ' ' || a.attname || ' '
           || format_type(a.atttypid, a.atttypmod)
           || case when a.attnotnull then ' not null' else '' end
           || case when a.attidentity <> '' then ' identity' else '' end
           || coalesce(
                case when a.attgenerated <> '' then ' generated ' else ' default ' end
                || pg_get_expr(d.adbin, d.adrelid), '')
    from own
    join pg_attribute a on a.attrelid = own.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = own.oid and d.adnum = a.attnum
    where own.relkind <> 'S'
    union all
    select own.relname, '2 constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
    from own join pg_constraint k on k.conrelid = own.oid and k.contype <> 'n'
    union all
    select own.relname, '3 ' || pg_get_indexdef(i.indexrelid)
    from own join pg_index i on i.indrelid = own.oid
    where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = own.oid)
    union all
    select own.relname, '4 policy ' || p.polname || ' using ' || pg_get_expr(p.polqual, p.polrelid)
    from own join pg_policy p on p.polrelid = own.oid
    union all
    select own.relname, '5 grant ' || string_agg(lower(g.privilege_type), ', ' order by g.privilege_type)
           || ' to ' || g.grantee
    from own join information_schema.role_table_grants g
      on g.table_schema = 'public' and g.table_name = own.relname and g.grantee like 'sagewai%'
    group by own.relname, g.grantee
    union all
    select own.relname, '6 trigger ' || pg_get_triggerdef(t.oid)
    from own join pg_trigger t on t.tgrelid = own.oid and not t.tgisinternal
    union all
    select '~ ' || f.proname, '0 ' || case f.prokind when 'p' then 'procedure ' else 'function ' end
           || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')'
           || case when f.prosecdef then ' security definer' else '' end
           || ' md5 ' || md5(f.prosrc)
    from pg_proc f
    where f.pronamespace = 'public'::regnamespace
    order by 1, 2
  `.execute(db);
  const lines: string[] = [];
  let subject = '';
  for (const row of rows) {
    if (row.subject !== subject && subject !== '') lines.push('');
    subject = row.subject;
    // The digit only sorts the kinds of facts.
    lines.push(
      row.line.startsWith('0 ') ? `${row.subject}: ${row.line.slice(2)}` : `  ${row.line.slice(2)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
