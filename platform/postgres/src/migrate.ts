/**
 * Forward-only migrations: plain SQL files, applied in the order of their names, one transaction each.
 *
 *   G1. One process migrates at a time (a session advisory lock); the others wait, then find nothing to do.
 *   G2. An applied file never changes: its checksum is kept and compared.
 *   G3. A process that meets a migration it does not know refuses to start: the schema is newer than it.
 *   G4. A running process stops when a migration marked `-- breaking:` in its first line has been applied.
 *
 * Functions are kept apart (`functions.ts`): their current text is applied after the migrations.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';

import { applyFunctions, type FunctionFile } from './functions.ts';

export interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  readonly breaking: boolean;
}

export class SchemaError extends Error {
  readonly reason: 'newer' | 'changed' | 'behind';

  constructor(reason: 'newer' | 'changed' | 'behind', message: string) {
    super(message);
    this.name = 'SchemaError';
    this.reason = reason;
  }
}

interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly breaking: boolean;
}

// Any constant does; it is the same in every process of the product.
const MIGRATION_LOCK = 7_264_091_853;

export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      const checksum = createHash('sha256').update(text).digest('hex');
      return { name, text, checksum, breaking: text.startsWith('-- breaking:') };
    }),
  );
}

export interface MigrateOptions {
  /** A login that may create roles and tables. */
  readonly url: string;
  readonly migrations: readonly Migration[];
  readonly functions: readonly FunctionFile[];
  /** The login that serves requests, when it is another one: it is granted the serving roles. */
  readonly servingLogin?: string;
  readonly onApplied?: (name: string) => void;
}

/** Brings the schema up to date and returns the names of the files that were applied. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'sagewai-migrate',
  });
  // The error also rejects the query in flight; without a listener it would be fatal.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]); // G1
    await client.query(`
      create table if not exists schema_migration (
        name text primary key,
        checksum text not null,
        breaking boolean not null,
        applied_at timestamptz not null default now()
      )`);
    const pending = pendingOf(options.migrations, await readApplied(client));
    for (const migration of pending) {
      await apply(client, migration);
      options.onApplied?.(migration.name);
    }
    const changed = await applyFunctions(client, options.functions);
    await client.query(
      `grant select on schema_migration, schema_function to sagewai_request, sagewai_dispatch`,
    );
    if (options.servingLogin !== undefined) await grantRoles(client, options.servingLogin);
    return [...pending.map(({ name }) => name), ...changed];
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.text);
    await client.query(
      'insert into schema_migration (name, checksum, breaking) values ($1, $2, $3)',
      [migration.name, migration.checksum, migration.breaking],
    );
    await client.query('commit');
  } catch (cause) {
    await client.query('rollback');
    throw new Error(`migration ${migration.name} failed`, { cause });
  }
}

async function grantRoles(client: pg.Client, login: string): Promise<void> {
  const name = pg.escapeIdentifier(login);
  await client.query(`grant sagewai_request, sagewai_dispatch to ${name}`);
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(
    'select name, checksum, breaking from schema_migration order by name',
  );
  return rows;
}

/** What is left to apply; throws when the two lists cannot belong to one history. */
export function pendingOf(
  known: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] {
  const byName = new Map(known.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of applied) {
    const migration = byName.get(name);
    if (!migration) {
      throw new SchemaError(
        'newer', // G3
        `the database has migration ${name}, which this version does not know: start the newer version`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new SchemaError(
        'changed', // G2
        `migration ${name} was changed after it had been applied: restore the file`,
      );
    }
  }
  const done = new Set(applied.map(({ name }) => name));
  return known.filter(({ name }) => !done.has(name));
}
