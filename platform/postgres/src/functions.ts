/**
 * The functions of the schema: one file each, with the text that is current, so that a change reads as a
 * change. They are applied after the migrations, all that differ in one transaction.
 *
 *   G5. After a start, the functions are those of the newest version that ever started. An older process
 *       does not get so far (G3), provided that a release that changes a function has a migration.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type pg from 'pg';

export interface FunctionFile {
  /** `fleet/claim.sql` */
  readonly name: string;
  /** `create or replace function …` */
  readonly text: string;
  readonly checksum: string;
}

export async function readFunctions(directory: string): Promise<FunctionFile[]> {
  const names = await readdir(directory, { recursive: true });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.sql'))
      .toSorted()
      .map(async (name) => {
        const text = await readFile(join(directory, name), 'utf8');
        return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
      }),
  );
}

/** Applies what differs from what was applied last, and returns the names. */
export async function applyFunctions(
  client: pg.Client,
  files: readonly FunctionFile[],
): Promise<string[]> {
  await client.query(
    'create table if not exists schema_function (name text primary key, checksum text not null)',
  );
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_function',
  );
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  const changed = files.filter(({ name, checksum }) => applied.get(name) !== checksum);
  if (changed.length === 0) return [];
  await client.query('begin');
  try {
    // One may call another that comes later in the order of names.
    await client.query('set local check_function_bodies = off');
    for (const { name, text, checksum } of changed) await applyOne(client, name, text, checksum);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  return changed.map(({ name }) => name);
}

async function applyOne(
  client: pg.Client,
  name: string,
  text: string,
  checksum: string,
): Promise<void> {
  try {
    await client.query(text);
  } catch (cause) {
    throw new Error(`function ${name} could not be applied`, { cause });
  }
  await client.query(
    `insert into schema_function (name, checksum) values ($1, $2)
     on conflict (name) do update set checksum = excluded.checksum`,
    [name, checksum],
  );
}
