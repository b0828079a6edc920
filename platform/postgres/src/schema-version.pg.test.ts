import { databaseTest as test } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { FunctionFile } from './functions.ts';
import { migrate, type Migration } from './migrate.ts';
import {
  assertFunctions,
  assertSchema,
  findBreaking,
  readSchemaVersion,
} from './schema-version.sql.ts';
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

    await migrate({
      url,
      migrations: [...known, later('create table later (id int)')],
      functions: [],
    });
    expect(await readSchemaVersion(db)).toBe('299901010000_platform_later.sql');
    await expect(assertSchema(db, known)).rejects.toThrow(/newer version/);
  });

  test('a running process finds the breaking migration it does not know (G4)', async ({
    db,
    url,
  }) => {
    const known = await applied(db);
    expect(await findBreaking(db, known)).toBeNull();
    await migrate({ url, migrations: [...known, later('select 1', true)], functions: [] });
    expect(await findBreaking(db, known)).toBe('299901010000_platform_later.sql');
  });

  test('a migration that fails leaves nothing behind', async ({ db, url }) => {
    const known = await applied(db);
    const half = later('create table half (id int); select 1 / 0');
    await expect(migrate({ url, migrations: [...known, half], functions: [] })).rejects.toThrow(
      /later.sql failed/,
    );
    const { rows } = await sql<{ half: string | null }>`select to_regclass('half') as half`.execute(
      db,
    );
    expect(rows).toEqual([{ half: null }]);
    await assertSchema(db, known);
  });

  test('the functions of a database are the files, whatever was applied before (G5)', async ({
    db,
    url,
  }) => {
    const known = await applied(db);
    const answering = (answer: number): FunctionFile => ({
      name: 'platform/answer.sql',
      text: `create or replace function answer() returns int language sql as 'select ${answer}'`,
      checksum: String(answer),
    });
    const ask = async (): Promise<number | undefined> =>
      (await sql<{ answer: number }>`select answer()`.execute(db)).rows[0]?.answer;

    expect(await migrate({ url, migrations: known, functions: [answering(1)] })).toEqual([
      'platform/answer.sql',
    ]);
    await assertFunctions(db, [answering(1)]);
    expect(await migrate({ url, migrations: known, functions: [answering(1)] })).toEqual([]);
    await expect(assertFunctions(db, [answering(2)])).rejects.toThrow(/another text/);
    await migrate({ url, migrations: known, functions: [answering(2)] });
    expect(await ask()).toBe(2);

    const broken = { ...answering(3), text: 'create or replace function answer() returns' };
    const before = { ...answering(4), name: 'platform/a.sql' };
    await expect(migrate({ url, migrations: known, functions: [before, broken] })).rejects.toThrow(
      /answer.sql could not be applied/,
    );
    expect(await ask()).toBe(2);
  });
});
