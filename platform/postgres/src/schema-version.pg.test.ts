import { databaseTest as test } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { migrate, type Migration } from './migrate.ts';
import { assertSchema, findBreaking, readSchemaVersion } from './schema-version.sql.ts';
import { sql } from './statement.ts';

const later = (text: string, breaking = false): Migration => ({
  name: '299901010000_platform_later.sql',
  text,
  checksum: 'x',
  breaking,
});

async function applied(db: Parameters<typeof readSchemaVersion>[0]): Promise<Migration[]> {
  const { rows } = await sql<Migration>`
    select name, checksum, breaking, '' as text from schema_migration order by name
  `.execute(db);
  return rows;
}

describe('schema', () => {
  test('a process refuses a schema newer or older than itself (G3)', async ({ db, url }) => {
    const known = await applied(db);
    await assertSchema(db, known);
    await expect(assertSchema(db, [...known, later('')])).rejects.toThrow(/lacks migration/);

    await migrate({ url, migrations: [...known, later('create table later (id int)')] });
    expect(await readSchemaVersion(db)).toBe('299901010000_platform_later.sql');
    await expect(assertSchema(db, known)).rejects.toThrow(/newer version/);
  });

  test('a running process finds the breaking migration it does not know (G4)', async ({
    db,
    url,
  }) => {
    const known = await applied(db);
    expect(await findBreaking(db, known)).toBeNull();
    await migrate({ url, migrations: [...known, later('select 1', true)] });
    expect(await findBreaking(db, known)).toBe('299901010000_platform_later.sql');
  });

  test('a migration that fails leaves nothing behind', async ({ db, url }) => {
    const known = await applied(db);
    const half = later('create table half (id int); select 1 / 0');
    await expect(migrate({ url, migrations: [...known, half] })).rejects.toThrow(
      /later.sql failed/,
    );
    const { rows } = await sql<{ half: string | null }>`select to_regclass('half') as half`.execute(
      db,
    );
    expect(rows).toEqual([{ half: null }]);
    await assertSchema(db, known);
  });
});
