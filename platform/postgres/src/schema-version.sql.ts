import type { Executor } from './database.ts';
import type { FunctionFile } from './functions.ts';
import { type Migration, pendingOf, SchemaError } from './migrate.ts';
import { sql } from './statement.ts';

interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly breaking: boolean;
}

/** Throws a SchemaError unless the schema is exactly what this process was built for (G3). */
export async function assertSchema(db: Executor, known: readonly Migration[]): Promise<void> {
  const pending = pendingOf(known, await readApplied(db));
  const [first] = pending;
  if (first) throw new SchemaError('behind', `the database lacks migration ${first.name}`);
}

/** Throws a SchemaError unless the functions are those of this process (G5). */
export async function assertFunctions(db: Executor, known: readonly FunctionFile[]): Promise<void> {
  const { rows } = await sql<{ name: string; checksum: string }>`
    select name, checksum from schema_function
  `.execute(db);
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  const differing = known.find(({ name, checksum }) => applied.get(name) !== checksum);
  if (differing) {
    throw new SchemaError('behind', `the database has another text of function ${differing.name}`);
  }
}

/** The breaking migration that was applied behind this process's back, if any (G4). */
export async function findBreaking(
  db: Executor,
  known: readonly Migration[],
): Promise<string | null> {
  const names = new Set(known.map(({ name }) => name));
  const applied = await readApplied(db);
  return applied.find(({ name, breaking }) => breaking && !names.has(name))?.name ?? null;
}

/** The newest applied migration, for `doctor` and the health page; null in an empty database. */
export async function readSchemaVersion(db: Executor): Promise<string | null> {
  const applied = await readApplied(db);
  return applied.at(-1)?.name ?? null;
}

async function readApplied(db: Executor): Promise<Applied[]> {
  const { rows: found } = await sql<{ exists: boolean }>`
    select to_regclass('schema_migration') is not null as exists
  `.execute(db);
  if (found[0]?.exists !== true) return [];
  const { rows } = await sql<Applied>`
    select name, checksum, breaking from schema_migration order by name
  `.execute(db);
  return rows;
}
