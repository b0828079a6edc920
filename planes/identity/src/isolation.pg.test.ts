/**
 * I9, for every table that there is. Nothing here names a table: the schema is read from the catalog,
 * so a table that is added is covered by being there, and one that cannot be filled fails the test.
 *
 * Rows are made without knowing what they mean. In the test's own database every check, foreign key and
 * trigger is dropped first, so that a value of the right type is enough; and what refuses a row
 * afterwards can only be row-level security or a missing right, which is what is asked.
 */
import { newId } from '@sagewai/crypto';
import {
  type Db,
  inTenant,
  inTransaction,
  type Result,
  sql,
  type Statement,
} from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import type { OrganizationId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { DISPATCH_TABLES } from '../../../tools/dispatch-tables.ts';

/** Functions that run with another's rights. Each must decide for itself whom it serves. */
const DEFINER_FUNCTIONS = [
  'audit_append',
  'fleet_drop_day',
  'fleet_drop_runs',
  'fleet_make_partitions',
  // Puts what is encrypted in place of what was read, for the transaction's organizations.
  'fleet_rewrite_contents',
  'fleet_rotate_event_days',
  // Only what is older than a day, by dispatch alone.
  'ledger_drop_decisions',
  'ledger_make_months',
  // Counts, for the transaction's organizations.
  'project_left',
  // Only of a project of the transaction's organizations that is being deleted.
  'project_purge',
];

/** Structured values that dispatch needs to choose, though it sees every organization's. */
const DISPATCH_VALUES = [
  'match_class.labels',
  'match_class.routing',
  'pool_setting.retry',
  // The installation's own, whatever organizations it has: who operates it starts engines.
  'engine.options',
  'engine.metadata',
];

const ROLES = ['sagewai_request', 'sagewai_dispatch'] as const;

/** A statement whose text is made from the catalog, which the tag rightly cannot do. */
const raw = <Row = Record<string, unknown>>(text: string): Statement<Row> =>
  sql<Row>(Object.assign([text], { raw: [text] }) as TemplateStringsArray);

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface Column {
  readonly name: string;
  /** `uuid`, `text[]`; enums by their name. */
  readonly type: string;
  readonly required: boolean;
  /** Numbered by the database. */
  readonly numbered: boolean;
  /** The expression it is generated from. */
  readonly generated: string | null;
  /** The first label, when it is an enum. */
  readonly label: string | null;
}

interface Table {
  readonly name: string;
  readonly partition: boolean;
  readonly rls: boolean;
  readonly forced: boolean;
  readonly columns: readonly Column[];
}

async function readTables(owner: Db): Promise<Table[]> {
  const { rows } = await sql<Table>`
    select c.relname as name, c.relispartition as partition,
           c.relrowsecurity as rls, c.relforcerowsecurity as forced,
           (select json_agg(json_build_object(
              'name', a.attname, 'type', format_type(a.atttypid, null),
              'required', a.attnotnull and not a.atthasdef and a.attidentity = '',
              'numbered', a.attidentity <> '',
              'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
              'label', (select enumlabel from pg_enum e where e.enumtypid = a.atttypid
                        order by enumsortorder limit 1)) order by a.attnum)
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'f')
    order by c.relname
  `.execute(owner);
  return rows;
}

const isolated = (tables: readonly Table[]): Table[] =>
  tables.filter(({ name, partition }) => !partition && !DISPATCH_TABLES.includes(name));

/** What decides whose row it is: `org_id`, or what `org_id` is generated from. Null: nobody's. */
function tenantColumn({ columns }: Table): string | null {
  const own = columns.find(({ name }) => name === 'org_id');
  return own ? (own.generated ?? own.name) : null;
}

/** Drops what would refuse a row for its meaning: afterwards nothing but security refuses one. */
async function dropMeaning(owner: Db): Promise<void> {
  // Foreign keys first: they stand on the unique keys of other tables.
  for (const kind of ['f', 'c', 'x', 'u', 'p']) {
    const { rows } = await sql<{ table: string; name: string }>`
      select conrelid::regclass::text as table, conname as name from pg_constraint
      where contype = ${kind} and connamespace = 'public'::regnamespace
        and conrelid <> 0 and coninhcount = 0 and conparentid = 0
    `.execute(owner);
    for (const { table, name } of rows) {
      await raw(`alter table ${table} drop constraint ${quote(name)}`).execute(owner);
    }
  }
  const { rows: unique } = await sql<{ name: string }>`
    select indexrelid::regclass::text as name from pg_index join pg_class c on c.oid = indexrelid
    where indisunique and relnamespace = 'public'::regnamespace and not relispartition
  `.execute(owner);
  for (const { name } of unique) await raw(`drop index ${name}`).execute(owner);
  for (const { name } of await readTables(owner)) {
    await raw(`alter table ${quote(name)} disable trigger user`).execute(owner);
  }
}

let made = 0;

/** A literal of a type, another one each time where the type allows. */
function literal({ type, label }: Column): string {
  made += 1;
  if (label !== null) return `'${label}'`;
  if (type.endsWith('[]')) return `'{}'::${type}`;
  const known: Record<string, string> = {
    uuid: `'${newId()}'`,
    text: `'text ${made}'`,
    'character varying': `'text ${made}'`,
    smallint: `${made % 32_000}`,
    integer: `${made}`,
    bigint: `${made}`,
    numeric: `${made}`,
    'double precision': `${made}`,
    real: `${made}`,
    boolean: 'true',
    bytea: `sha256('${made}')`,
    date: 'current_date',
    'timestamp with time zone': 'now()',
    interval: `'1 second'`,
    json: `'{}'`,
    jsonb: `'{}'`,
    inet: `'127.0.0.1'`,
  };
  const value = known[type];
  if (value === undefined) throw new Error(`say how to fill a column of type ${type}`);
  return value;
}

function insertion(table: Table, orgId: OrganizationId): Statement<unknown> {
  const tenant = tenantColumn(table);
  const filled = table.columns.filter(
    ({ name, required, generated }) => generated === null && (required || name === tenant),
  );
  const names = filled.map(({ name }) => quote(name)).join(', ');
  const values = filled
    .map((column) => (column.name === tenant ? `'${orgId}'` : literal(column)))
    .join(', ');
  return raw(
    filled.length === 0
      ? `insert into ${quote(table.name)} default values`
      : `insert into ${quote(table.name)} (${names}) values (${values})`,
  );
}

class Undo extends Error {}
const INSUFFICIENT_PRIVILEGE = '42501';

/** Runs a statement for these organizations and undoes it. What row-level security refuses is `denied`. */
async function attempt<Row>(
  db: Db,
  orgIds: readonly OrganizationId[],
  statement: Statement<Row>,
): Promise<Result<Row> | 'denied'> {
  let result: Result<Row> | 'denied' = 'denied';
  const run = async (tx: Parameters<Parameters<typeof inTenant>[2]>[0]): Promise<never> => {
    result = await statement.execute(tx);
    throw new Undo();
  };
  const ended = orgIds.length > 0 ? inTenant(db, orgIds, run) : inTransaction(db, run);
  await ended.catch((error: unknown) => {
    if (error instanceof Undo) return;
    if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
  });
  return result;
}

const touched = (result: Result<unknown> | 'denied'): number =>
  result === 'denied' ? 0 : result.rowCount;

describe('every table', () => {
  test('is isolated by row-level security that also binds its owner, or stands on the written list', async ({
    owner,
  }) => {
    const tables = await readTables(owner);
    expect(tables.length).toBeGreaterThan(10);
    for (const { name, rls, forced, partition } of tables) {
      if (DISPATCH_TABLES.includes(name)) continue;
      // A partition is reached through its parent, whose policies apply; by itself it may not be reached.
      const reachable = await reach(owner, name);
      if (partition && reachable.length === 0) continue;
      expect.soft({ name, rls, forced }).toEqual({ name, rls: true, forced: true });
    }
    const names = tables.map(({ name }) => name);
    expect(DISPATCH_TABLES.filter((name) => !names.includes(name))).toEqual([]);
  });

  test('of the written list holds no content', async ({ owner }) => {
    for (const { name, columns } of await readTables(owner)) {
      if (!DISPATCH_TABLES.includes(name)) continue;
      const content = columns
        .filter(({ type }) => /^jsonb?(?:\[\])?$/.test(type))
        .map((column) => `${name}.${column.name}`)
        .filter((column) => !DISPATCH_VALUES.includes(column));
      expect.soft({ name, content }).toEqual({ name, content: [] });
    }
  });

  test('shows and takes no row of an organization that the transaction does not act for', async ({
    owner,
    open,
  }) => {
    const [mine, theirs] = [newId<OrganizationId>(), newId<OrganizationId>()];
    await dropMeaning(owner);
    const tables = isolated(await readTables(owner));
    for (const table of tables) {
      for (const orgId of [mine, theirs]) await insertion(table, orgId).execute(owner);
    }
    let written = 0;
    for (const role of ROLES) {
      const db = open({ role, maxConnections: 1 });
      for (const table of tables) {
        written += await expectIsolated({ db, table, mine, theirs });
      }
    }
    // The scan sees the schema, and not all refusals are for want of a right.
    expect(tables.length).toBeGreaterThan(4);
    expect(written).toBeGreaterThan(2);
  });

  test('gives no serving role a right that row-level security does not see', async ({ owner }) => {
    for (const { name } of await readTables(owner)) {
      for (const role of ROLES) {
        const { rows } = await raw<{ right: string }>(
          `select r as right from unnest(array['TRUNCATE', 'TRIGGER', 'REFERENCES']) r
           where has_table_privilege('${role}', '${quote(name)}', r)`,
        ).execute(owner);
        expect.soft({ name, role, rights: rows }).toEqual({ name, role, rights: [] });
      }
    }
  });

  test('is reached through no view or function that has the rights of another', async ({
    owner,
  }) => {
    const { rows: views } = await sql`
      select relname from pg_class
      where relnamespace = 'public'::regnamespace
        and (relkind = 'm' or relkind = 'v'
             and not coalesce('security_invoker=true' = any(reloptions), false))
    `.execute(owner);
    expect(views).toEqual([]);
    const { rows: functions } = await sql<{ name: string; settings: string[] | null }>`
      select proname as name, proconfig as settings from pg_proc
      where pronamespace = 'public'::regnamespace and prosecdef order by proname
    `.execute(owner);
    expect(functions.map(({ name }) => name)).toEqual(DEFINER_FUNCTIONS);
    for (const { name, settings } of functions) {
      const pinned = settings?.some((setting) => /^search_path=.*\bpg_temp$/.test(setting));
      expect(pinned, `${name} pins its search path`).toBe(true);
    }
  });
});

/** Everything that a tenant may try. Returns 1 when it could write rows of its own, else 0. */
async function expectIsolated(of: {
  db: Db;
  table: Table;
  mine: OrganizationId;
  theirs: OrganizationId;
}): Promise<number> {
  const { db, table, mine, theirs } = of;
  const name = quote(table.name);
  const tenant = tenantColumn(table);
  const same = quote(
    table.columns.find(({ generated, numbered }) => generated === null && !numbered)?.name ?? '',
  );
  const ask = (orgIds: readonly OrganizationId[], statement: Statement<unknown>) =>
    attempt(db, orgIds, statement).then(touched);
  const about = (what: string): string => `${table.name}: ${what}`;

  for (const text of [
    `select * from ${name}`,
    `update ${name} set ${same} = ${same}`,
    `delete from ${name}`,
  ]) {
    expect.soft(await ask([], raw(text)), about(`${text}, for nobody`)).toBe(0);
    const own = await ask([mine], raw(text));
    expect.soft(own, about(`${text}, for one`)).toBeLessThanOrEqual(tenant === null ? 0 : 1);
  }
  expect
    .soft(await attempt(db, [], insertion(table, mine)), about('insert, for nobody'))
    .toBe('denied');
  if (tenant === null) return 0;

  const whose = `${quote('org_id')} = '${theirs}'`;
  for (const text of [
    `select * from ${name} where ${whose}`,
    `update ${name} set ${same} = ${same} where ${whose}`,
    `delete from ${name} where ${whose}`,
  ]) {
    expect.soft(await ask([mine], raw(text)), about(text)).toBe(0);
  }
  expect
    .soft(await attempt(db, [mine], insertion(table, theirs)), about('insert for another'))
    .toBe('denied');
  const gift = raw(`update ${name} set ${quote(tenant)} = '${theirs}'`);
  expect.soft(await attempt(db, [mine], gift), about('give away')).toBe('denied');

  const { rows } = await raw<{ canInsert: boolean; canSelect: boolean }>(
    `select has_table_privilege(current_user, '${name}', 'INSERT') as "canInsert",
            has_table_privilege(current_user, '${name}', 'SELECT') as "canSelect"`,
  ).execute(db);
  const [right] = rows;
  const [canInsert, canSelect] = [right?.canInsert === true, right?.canSelect === true];
  // What is refused to others is allowed to oneself: the refusals above were for the organization.
  if (canSelect)
    expect.soft(await ask([mine], raw(`select * from ${name}`)), about('own row')).toBe(1);
  if (canInsert)
    expect.soft(await ask([mine], insertion(table, mine)), about('own insert')).toBe(1);
  return canInsert ? 1 : 0;
}

/** The rights that serving roles have on a table by itself. */
async function reach(owner: Db, table: string): Promise<string[]> {
  const { rows } = await raw<{ role: string }>(
    `select distinct role from unnest(array['${ROLES.join("','")}']) role,
       unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) r
     where has_table_privilege(role, '${quote(table)}', r)`,
  ).execute(owner);
  return rows.map(({ role }) => role);
}

describe('a pooled connection', () => {
  for (const role of ROLES) {
    test(`as ${role} is no superuser, bypasses nothing, owns nothing, and is a member of nothing`, async ({
      open,
    }) => {
      const { rows } = await sql`
        select current_user as "user", rolsuper as superuser, rolbypassrls as "bypassesRls",
               rolcreaterole as "createsRoles",
               (select count(*)::int from pg_class where relowner = r.oid) as owned,
               (select count(*)::int from pg_roles other
                where other.oid <> r.oid and pg_has_role(r.oid, other.oid, 'member')) as memberships
        from pg_roles r where rolname = current_user
      `.execute(open({ role }));
      expect(rows).toEqual([
        {
          user: role,
          superuser: false,
          bypassesRls: false,
          createsRoles: false,
          owned: 0,
          memberships: 0,
        },
      ]);
    });

    test(`as ${role} cannot switch row-level security off`, async ({ open }) => {
      const db = open({ role });
      const looked = inTransaction(db, async (tx) => {
        await sql`set local row_security = off`.execute(tx);
        await sql`select * from organization`.execute(tx);
      });
      await expect(looked).rejects.toThrow(/row-level security|permission denied/);
      for (const text of [
        'alter table organization disable row level security',
        'alter table organization no force row level security',
        'drop policy tenant on organization',
        'set session authorization postgres',
      ]) {
        await expect
          .soft(raw(text).execute(db), text)
          .rejects.toThrow(/must be owner|permission denied/);
      }
    });
  }

  test('forgets its organization with the transaction, whether it ended well or not', async ({
    open,
  }) => {
    const db = open({ maxConnections: 1 });
    const id = newId<OrganizationId>();
    const insert = sql`insert into organization (id, name) values (${id}, 'acme')`;
    const seen = async (): Promise<number> =>
      (await sql`select from organization`.execute(db)).rowCount;
    await inTenant(db, [id], (tx) => insert.execute(tx));
    expect(await seen()).toBe(0);
    await inTenant(db, [id], () => Promise.reject(new Undo())).catch(() => undefined);
    expect(await seen()).toBe(0);
    expect(
      (await inTransaction(db, (tx) => sql`select from organization`.execute(tx))).rowCount,
    ).toBe(0);
  });

  test('runs one statement at a time: none can be hidden behind another', async ({ open }) => {
    for (const preparedStatements of [true, false]) {
      const two = raw('select 1; set role none').execute(open({ preparedStatements }));
      await expect(two).rejects.toThrow(/multiple commands/);
    }
  });
});

/**
 * A role that a connection has taken can be left by whoever may write SQL on it. Nobody may: texts are
 * static and one at a time. What would be reached all the same depends on the login, so it is shown.
 */
describe('a connection that left its role', () => {
  const LEAVE = ['set role none', 'set session authorization default'];

  test('comes back to it by reset role: it was connected with it', async ({ db }) => {
    await db.withConnection(async (connection) => {
      await sql`reset role`.execute(connection);
      const { rows } = await sql`select current_user as "user"`.execute(connection);
      expect(rows).toEqual([{ user: 'sagewai_request' }]);
    });
  });

  test('of the login that also migrates is still bound: security is forced on the owner', async ({
    db,
    open,
  }) => {
    const id = newId<OrganizationId>();
    await inTenant(db, [id], (tx) =>
      sql`insert into organization (id, name) values (${id}, 'acme')`.execute(tx),
    );
    for (const text of LEAVE) {
      await open({ maxConnections: 1 }).withConnection(async (connection) => {
        await raw(text).execute(connection);
        const { rowCount } = await sql`select from organization`.execute(connection);
        expect.soft(rowCount, text).toBe(0);
      });
    }
  });

  test('of a login that only serves reaches nothing more', async ({ owner, open, url }) => {
    const login = `serving_${newId().replaceAll('-', '')}`;
    await raw(`create role ${login} login noinherit password 'x'`).execute(owner);
    try {
      await raw(`grant sagewai_request, sagewai_dispatch to ${login}`).execute(owner);
      const serving = new URL(url);
      serving.username = login;
      serving.password = 'x';
      for (const text of LEAVE) {
        await open({ url: serving.href, maxConnections: 1 }).withConnection(async (connection) => {
          expect((await sql`select from organization`.execute(connection)).rowCount).toBe(0);
          await raw(text).execute(connection);
          const look = sql`select from organization`.execute(connection);
          const seen = await look.catch((error: { code?: string }) => error.code);
          // Not every version leaves the role by the second statement.
          expect([INSUFFICIENT_PRIVILEGE, expect.objectContaining({ rowCount: 0 })]).toContainEqual(
            seen,
          );
        });
      }
    } finally {
      await raw(`drop owned by ${login}`).execute(owner);
      await raw(`drop role ${login}`).execute(owner);
    }
  });

  test('of a superuser is bound by nothing: such a login should not serve', async ({
    db,
    open,
    adminUrl,
  }) => {
    const id = newId<OrganizationId>();
    await inTenant(db, [id], (tx) =>
      sql`insert into organization (id, name) values (${id}, 'acme')`.execute(tx),
    );
    await open({ url: adminUrl, maxConnections: 1 }).withConnection(async (connection) => {
      expect((await sql`select from organization`.execute(connection)).rowCount).toBe(0);
      await sql`set role none`.execute(connection);
      expect((await sql`select from organization`.execute(connection)).rowCount).toBe(1);
    });
  });
});
