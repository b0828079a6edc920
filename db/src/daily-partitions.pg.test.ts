import { connect, type Db, migrate, sql } from '@sagewai/postgres';
import { administer, databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { loadFunctions } from './load-functions.ts';
import { loadMigrations } from './load-migrations.ts';

const DAILY = /_fleet_daily_partitions\.sql$/;
const atDatabase = (url: string, name: string): string =>
  Object.assign(new URL(url), { pathname: `/${name}` }).href;

async function idsOf(owner: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select r.run_id as id from run r join outcome o on o.run_id = r.run_id order by 1
  `.execute(owner);
  return rows.map(({ id }) => id);
}

/** Two runs of this month, and what became of them. */
async function addRuns(owner: Db): Promise<string[]> {
  await sql`
    with made as (
      select overlay(uuid_at(now() - n * interval '1 second')::text placing '7abc-8abc' from 15)::uuid as id
      from generate_series(0, 1) as n
    ), stored as (
      insert into run (run_id, org_id, project_id, sq, prio, seq, max_attempts, submitted_by, created_at,
                       payload)
      select id, gen_random_uuid(), gen_random_uuid(), 1, 0, 1, 3, 't', now(), '{}' from made
    )
    insert into outcome (run_id, org_id, project_id, status, attempt, at)
    select id, gen_random_uuid(), gen_random_uuid(), 'completed', 1, now() from made
  `.execute(owner);
  return idsOf(owner);
}

test('a database with months of runs gets days, and loses none', async ({ url, adminUrl }) => {
  const migrations = await loadMigrations();
  const functions = await loadFunctions();
  const daily = migrations.findIndex(({ name }) => DAILY.test(name));
  expect(daily).toBeGreaterThan(5);
  const name = `${new URL(url).pathname.slice(1)}_old`;
  await administer(adminUrl, `create database ${name} owner ${new URL(url).username}`);
  const fresh = atDatabase(url, name);
  const owner = connect({ url: atDatabase(adminUrl, name), role: null, maxConnections: 1 });
  try {
    await migrate({ url: fresh, migrations: migrations.slice(0, daily), functions: [] });
    const before = await addRuns(owner);
    expect(before).toHaveLength(2);
    await migrate({ url: fresh, migrations, functions });
    expect(await idsOf(owner)).toEqual(before);

    const { rows } = await sql`
      select i.inhparent::regclass::text as "table",
             count(*) filter (where c.relname ~ '_\\d{8}$')::int as days,
             count(*) filter (where c.relname ~ '_\\d{6}$')::int as months
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent in ('run'::regclass, 'outcome'::regclass) group by 1 order by 1
    `.execute(owner);
    // The month that has rows goes on to the end of today; tomorrow begins a day of its own.
    expect(rows).toEqual([
      { table: 'outcome', days: 7, months: 1 },
      { table: 'run', days: 7, months: 1 },
    ]);
    const open = await sql`
      select relname from pg_class
      where relispartition and relkind = 'r' and relname ~ '^(run|outcome|attempt)_'
        and not (relrowsecurity and relforcerowsecurity)
    `.execute(owner);
    expect(open.rows).toEqual([]);
    const bounds = await sql<{ lower: string; upper: string }>`
      select lower::text, upper::text from fleet_partitions('run') order by lower
    `.execute(owner);
    for (const [at, { lower }] of bounds.rows.entries()) {
      if (at > 0) expect(lower).toBe(bounds.rows[at - 1]?.upper);
    }
  } finally {
    await owner.close();
    await administer(adminUrl, `drop database ${name} with (force)`);
  }
});
