/** What there is to back up is read from PostgreSQL's catalog: a new table is covered by being there. */
import { type Executor, sql } from '@sagewai/postgres';

import type { Partition, Sequence, TableShape } from './manifest.ts';

export async function readTables(db: Executor): Promise<TableShape[]> {
  // What is generated is generated again.
  const { rows } = await sql<{ name: string; columns: string[] }>`
    select c.relname::text as name,
           array_agg(quote_ident(a.attname) order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('schema_migration', 'schema_function')
    group by c.oid order by c.relname
  `.execute(db);
  return rows;
}

export async function readPartitions(db: Executor): Promise<Partition[]> {
  const { rows } = await sql<Partition>`
    select c.relname::text as name, p.relname::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound,
           c.relrowsecurity and c.relforcerowsecurity as "isIsolated"
    from pg_class c
    join pg_inherits i on i.inhrelid = c.oid
    join pg_class p on p.oid = i.inhparent
    where c.relispartition and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    order by c.relname
  `.execute(db);
  return rows;
}

export async function readMigrationsApplied(
  db: Executor,
): Promise<{ name: string; checksum: string }[]> {
  const { rows } = await sql<{ name: string; checksum: string }>`
    select name, checksum from schema_migration order by name
  `.execute(db);
  return rows;
}

export async function hasSchema(db: Executor): Promise<boolean> {
  const { rows } = await sql<{ exists: boolean }>`
    select to_regclass('public.schema_migration') is not null as exists
  `.execute(db);
  return rows[0]?.exists === true;
}

/** Also of a database that has no such table yet. */
export async function hasOrganizations(db: Executor): Promise<boolean> {
  const { rows: found } = await sql<{ exists: boolean }>`
    select to_regclass('public.organization_directory') is not null as exists
  `.execute(db);
  if (found[0]?.exists !== true) return false;
  const { rows } = await sql<{ some: boolean }>`
    select exists (select from organization_directory) as some
  `.execute(db);
  return rows[0]?.some === true;
}

export async function readFingerprints(db: Executor): Promise<Record<string, string>> {
  const { rows } = await sql<{ purpose: string; fingerprint: string }>`
    select purpose, fingerprint from key_fingerprint order by purpose
  `.execute(db);
  return Object.fromEntries(rows.map(({ purpose, fingerprint }) => [purpose, fingerprint]));
}

/** Of keys that were replaced, and that rows may still stand under. */
export async function readFormerKeys(db: Executor): Promise<string[]> {
  const { rows } = await sql<{ fingerprint: string }>`
    select fingerprint from encryption_key where replaced_at is not null and emptied_at is null
    order by fingerprint
  `.execute(db);
  return rows.map(({ fingerprint }) => fingerprint);
}

/** The rest of the transaction sees every organization, and the platform's chain. */
export async function seeAll(db: Executor): Promise<void> {
  await sql`
    select set_config('sagewai.orgs', concat_ws(',', '00000000-0000-0000-0000-000000000000',
      (select string_agg(org_id::text, ',') from organization_directory)), true)
  `.execute(db);
}

/** Sequences are in no snapshot: read after the rows, they are never behind them. */
export async function readSequences(db: Executor): Promise<Sequence[]> {
  const { rows } = await sql<Sequence>`
    select sequencename::text as name, coalesce(last_value, start_value)::text as value,
           last_value is not null as "isCalled"
    from pg_sequences where schemaname = 'public' order by sequencename
  `.execute(db);
  return rows;
}

export async function setSequence(
  db: Executor,
  { name, value, isCalled }: Sequence,
): Promise<void> {
  await sql`
    select setval(('public.' || quote_ident(${name}))::regclass, ${value}::bigint, ${isCalled})
  `.execute(db);
}

/** Statements, as PostgreSQL writes them, that keep rows from being taken as they are, and bring it all back. */
export async function readGuards(db: Executor): Promise<{ lift: string[]; restore: string[] }> {
  const { rows } = await sql<{ lift: string; restore: string }>`
    with own as (
      select c.oid, c.oid::regclass as name, c.relforcerowsecurity from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    )
    select format('alter table %s drop constraint %I', own.name, k.conname) as lift,
           format('alter table %s add constraint %I %s', own.name, k.conname, pg_get_constraintdef(k.oid)) as restore,
           1 as step
    from own join pg_constraint k on k.conrelid = own.oid and k.contype = 'f' and k.conparentid = 0
    union all
    select format('alter table %s disable trigger %I', own.name, t.tgname),
           format('alter table %s enable trigger %I', own.name, t.tgname), 2
    from own join pg_trigger t on t.tgrelid = own.oid and not t.tgisinternal and t.tgenabled = 'O'
    union all
    select format('alter table %s no force row level security', own.name),
           format('alter table %s force row level security', own.name), 3
    from own where own.relforcerowsecurity
    order by step
  `.execute(db);
  return { lift: rows.map(({ lift }) => lift), restore: rows.map(({ restore }) => restore) };
}

export interface BrokenChain {
  readonly organization: string;
  readonly seq: string;
}

/** The first entry of each chain that does not follow from the one before it, or is not what it was. */
export async function findBrokenChains(db: Executor): Promise<BrokenChain[]> {
  const { rows } = await sql<BrokenChain>`
    with linked as (
      select e.*, coalesce(lag(hash) over chain, decode(repeat('00', 32), 'hex')) as follows,
             coalesce(lag(seq) over chain, 0) + 1 as wanted
      from audit_entry e window chain as (partition by org_id order by seq)
    ), broken as (
      select org_id, min(seq) as seq from linked
      where seq <> wanted or previous_hash <> follows or hash <> sha256(convert_to(
        netstring(version::text) || netstring(org_id::text) || netstring(seq::text)
        || netstring(audit_instant(recorded_at)) || netstring(actor) || netstring(action)
        || netstring(subject) || netstring(outcome) || netstring(request_id) || netstring(details)
        || netstring(encode(previous_hash, 'hex')), 'UTF8'))
      group by org_id
      union all
      select h.org_id, h.seq from audit_head h
      where not exists (select from audit_entry e where e.org_id = h.org_id and e.seq = h.seq and e.hash = h.hash)
    )
    select org_id::text as organization, min(seq)::text as seq from broken group by org_id order by 1
  `.execute(db);
  return rows;
}

export async function listOrganizations<Id extends string>(db: Executor): Promise<Id[]> {
  const { rows } = await sql<{ id: Id }>`
    select org_id as id from organization_directory order by org_id
  `.execute(db);
  return rows.map(({ id }) => id);
}
