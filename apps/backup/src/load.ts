/** Brings the rows of an archive into an empty database of its own schema, in one transaction. */
import { loadMigrations } from '@sagewai/db';
import type { ObjectStore } from '@sagewai/objects';
import { migrate, openSession, type Session } from '@sagewai/postgres';

import {
  findBrokenChains,
  hasOrganizations,
  hasSchema,
  readGuards,
  readMigrationsApplied,
  readPartitions,
  setSequence,
} from './catalog.sql.ts';
import { copyOutOf, type Told } from './collect.ts';
import { keyOf, tableOf } from './examine.ts';
import { compareContents, type Contents, type Header } from './manifest.ts';
import { RowDigest } from './row-digest.ts';
import type { Entry } from './tar.ts';

/** Nothing is wrong with the archive; it may not go where it was asked to. */
export class RestoreRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'RestoreRefused';
  }
}

export interface Target {
  readonly url: string;
  readonly objects: ObjectStore;
  readonly onTold: (told: Told) => void;
  readonly signal: AbortSignal;
}

/** An empty database, and the schema that the archive's rows are of. */
export async function prepareSchema(url: string, header: Header): Promise<void> {
  const session = await openSession(url);
  try {
    if (await hasOrganizations(session)) {
      throw new RestoreRefused('the database is not empty: a restore needs one of its own');
    }
    const known = new Map((await loadMigrations()).map((each) => [each.name, each]));
    const wanted = header.migrations.map(({ name, checksum }) => {
      const migration = known.get(name);
      if (migration?.checksum === checksum) return migration;
      throw new RestoreRefused(
        `the backup has migration ${name}, which this version does not know: restore it with the ` +
          'version that made it, or a newer one',
      );
    });
    const names = new Set(wanted.map(({ name }) => name));
    const present = (await hasSchema(session)) ? await readMigrationsApplied(session) : [];
    const newer = present.find(({ name }) => !names.has(name));
    if (newer !== undefined) {
      throw new RestoreRefused(
        `the database has migration ${newer.name}, which is newer than the backup: give one without tables`,
      );
    }
    await migrate({ url, migrations: wanted, functions: [] });
  } finally {
    await session.close();
  }
}

export async function load(
  { url, objects, onTold, signal }: Target,
  entries: AsyncIterable<Entry>,
  { header, contents }: { readonly header: Header; readonly contents: Contents },
): Promise<void> {
  const session = await openSession(url);
  try {
    await session.command('begin');
    // Who restored it meanwhile is waited for, and seen.
    await session.command('lock table organization_directory in access exclusive mode');
    if (await hasOrganizations(session)) {
      throw new RestoreRefused('the database is not empty: a restore needs one of its own');
    }
    const guards = await readGuards(session);
    for (const text of guards.lift) await session.command(text);
    await replacePartitions(session, header);
    for (const { name } of header.tables) await session.command(`truncate public."${name}"`);
    await loadEntries({ session, objects, signal }, entries, header);
    for (const sequence of contents.sequences) await setSequence(session, sequence);
    await verify(session, { header, contents }, onTold);
    // Adding the references again checks each of them.
    for (const text of guards.restore) await session.command(text);
    signal.throwIfAborted();
    await session.command('commit');
  } catch (error) {
    // It may be the connection that failed.
    await session.command('rollback').catch(() => undefined);
    throw error;
  } finally {
    await session.close();
  }
}

/** Those of a fresh schema are of today; the rows need those of their days. */
async function replacePartitions(session: Session, header: Header): Promise<void> {
  for (const { name } of await readPartitions(session)) {
    await session.command(`drop table public."${name}"`);
  }
  for (const { name, parent, bound, isIsolated } of header.partitions) {
    await session.command(`create table public."${name}" partition of public."${parent}" ${bound}`);
    if (!isIsolated) continue;
    await session.command(`alter table public."${name}" enable row level security`);
    await session.command(`alter table public."${name}" force row level security`);
  }
}

interface Place {
  readonly session: Session;
  readonly objects: ObjectStore;
  readonly signal: AbortSignal;
}

async function loadEntries(
  { session, objects, signal }: Place,
  entries: AsyncIterable<Entry>,
  header: Header,
): Promise<void> {
  const shapes = new Map(header.tables.map((shape) => [shape.name, shape]));
  const source = entries[Symbol.asyncIterator]();
  let next = await source.next();
  async function* rowsOf(table: string): AsyncGenerator<Buffer> {
    while (next.done !== true && next.value.path.startsWith(`tables/${table}/`)) {
      signal.throwIfAborted();
      yield next.value.data;
      next = await source.next();
    }
  }
  while (next.done !== true) {
    signal.throwIfAborted();
    const { path, data } = next.value;
    const shape = path.startsWith('tables/') ? shapes.get(tableOf(path)) : undefined;
    if (shape !== undefined) {
      const text = `copy public."${shape.name}" (${shape.columns.join(', ')}) from stdin`;
      await session.copyIn(text, rowsOf(shape.name));
      continue;
    }
    if (path.startsWith('objects/')) await objects.put(keyOf(path), data);
    next = await source.next();
  }
}

/** What stands in the database now is what stood there when the backup was made. */
async function verify(
  session: Session,
  { header, contents }: { readonly header: Header; readonly contents: Contents },
  onTold: (told: Told) => void,
): Promise<void> {
  const tables: Contents['tables'][number][] = [];
  for (const shape of header.tables) {
    const digest = new RowDigest();
    for await (const row of session.copyOut(copyOutOf(shape))) digest.add(row);
    tables.push({ name: shape.name, rows: digest.rows, digest: digest.hex() });
    onTold({ table: shape.name, rows: digest.rows });
  }
  const mistakes = compareContents(contents, { ...contents, tables });
  const [broken] = await findBrokenChains(session);
  if (broken !== undefined) {
    mistakes.push(`the audit log of ${broken.organization} is broken at entry ${broken.seq}`);
  }
  if (mistakes.length > 0) throw new RestoreRefused(mistakes.join('; '));
}
