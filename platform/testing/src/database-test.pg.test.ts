import { inTenant, sql } from '@sagewai/postgres';
import pg from 'pg';
import { afterAll, describe, expect, inject } from 'vitest';

import { databaseTest as test } from './database-test.ts';
import { holdTransaction } from './hold-transaction.ts';
import { makeTenant } from './tenants.sql.ts';
import { TEMPLATE, withDatabase } from './test-cluster.ts';
import { untilWaiting } from './waiters.sql.ts';

const used: string[] = [];
const countOrganizations = sql<{ count: number }>`select count(*)::int as count from organization`;

async function queryAs<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  const { adminUrl } = inject('testCluster');
  const rows = await queryAs<{ datname: string }>(adminUrl, 'select datname from pg_database');
  const left = rows.map(({ datname }) => datname).filter((name) => used.includes(name));
  expect({ used: used.length > 0, left }).toEqual({ used: true, left: [] });
});

describe('a database test', () => {
  for (const time of ['once', 'and again']) {
    test(`finds an empty, migrated database, ${time}`, async ({ db, owner, url }) => {
      used.push(new URL(url).pathname.slice(1));
      expect((await countOrganizations.execute(owner)).rows).toEqual([{ count: 0 }]);
      await makeTenant(db);
      expect((await countOrganizations.execute(owner)).rows).toEqual([{ count: 1 }]);
    });
  }

  test('has one connection for each role, and one that sees everything', async ({
    db,
    dispatch,
    owner,
  }) => {
    const who = sql<{ role: string; superuser: string }>`
      select current_user as role, current_setting('is_superuser') as superuser
    `;
    expect((await who.execute(db)).rows).toEqual([{ role: 'sagewai_request', superuser: 'off' }]);
    expect((await who.execute(dispatch)).rows).toEqual([
      { role: 'sagewai_dispatch', superuser: 'off' },
    ]);
    expect((await who.execute(owner)).rows).toEqual([{ role: 'postgres', superuser: 'on' }]);
  });

  test('moves the clock of a connection, not of the others', async ({ db, open }) => {
    const ahead = open({ clockOffsetSeconds: 86_400 });
    const read = sql<{ ahead: boolean }>`select app_now() > now() + interval '23 hours' as ahead`;
    expect((await read.execute(ahead)).rows).toEqual([{ ahead: true }]);
    expect((await read.execute(db)).rows).toEqual([{ ahead: false }]);
  });

  test('fails where it would wait for a lock for ever', async ({ db, open }) => {
    const tenant = await makeTenant(db);
    const lock = sql`select from project where id = ${tenant.projectId} for update`;
    await using held = await holdTransaction(db, [tenant.orgId], (tx) => lock.execute(tx));
    expect(held.output.rowCount).toBe(1);
    const impatient = open({ statementTimeoutMs: 50 });
    const waiting = inTenant(impatient, [tenant.orgId], (tx) => lock.execute(tx));
    await expect(waiting).rejects.toThrow('statement timeout');
  });

  test('has a limit for each statement on every connection', async ({ db, dispatch, owner }) => {
    for (const connection of [db, dispatch, owner]) {
      const { rows } = await sql`show statement_timeout`.execute(connection);
      expect(rows).toEqual([{ statement_timeout: '5s' }]);
    }
  });

  test('cannot touch the template', async () => {
    const { url, adminUrl } = inject('testCluster');
    for (const login of [url, adminUrl]) {
      await expect(queryAs(withDatabase(login, TEMPLATE), 'select 1')).rejects.toThrow(
        'not currently accepting connections',
      );
    }
  });
});

describe('a held transaction', () => {
  test('is not seen from outside until it commits', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const rename = sql`update project set name = 'renamed'`;
    const read = sql<{ name: string }>`select name from project`;
    await using held = await holdTransaction(db, [orgId], (tx) => rename.execute(tx));
    expect((await read.execute(owner)).rows).toEqual([{ name: 'default' }]);
    await held.commit();
    expect((await read.execute(owner)).rows).toEqual([{ name: 'renamed' }]);
  });

  test('leaves nothing when it goes out of scope', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const remove = sql`delete from project`;
    {
      await using held = await holdTransaction(db, [orgId], (tx) => remove.execute(tx));
      expect(held.output.rowCount).toBe(1);
    }
    const { rows } = await sql`select count(*)::int as count from project`.execute(owner);
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('fails as its work does', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const failing = holdTransaction(db, [orgId], (tx) => sql`select 1 / 0`.execute(tx));
    await expect(failing).rejects.toThrow('division by zero');
  });

  test('shows who waits for it', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const rename = sql`update project set name = 'renamed'`;
    await using held = await holdTransaction(db, [orgId], (tx) => rename.execute(tx));
    const second = inTenant(db, [orgId], (tx) => rename.execute(tx));
    await untilWaiting(owner);
    await held.rollback();
    expect((await second).rowCount).toBe(1);
  });
});

describe('a tenant', () => {
  test('is seen by itself alone', async ({ db }) => {
    const [acme, beta] = [await makeTenant(db), await makeTenant(db, { project: 'search' })];
    const projects = sql<{ name: string }>`select name from project`;
    const seen = await inTenant(db, [beta.orgId], (tx) => projects.execute(tx));
    expect(seen.rows).toEqual([{ name: 'search' }]);
    expect(acme.orgId).not.toBe(beta.orgId);
  });
});
