/** Everything that a backup holds, piece by piece, from one snapshot. */
import { createHash } from 'node:crypto';

import type { ObjectStore } from '@sagewai/objects';
import { readServerVersion, type Session } from '@sagewai/postgres';

import {
  listOrganizations,
  readFingerprints,
  readFormerKeys,
  readMigrationsApplied,
  readPartitions,
  readSequences,
  readTables,
  seeAll,
} from './catalog.sql.ts';
import { type Contents, FIRST, FORMAT, type Header, LAST, type TableShape } from './manifest.ts';
import { RowDigest } from './row-digest.ts';
import type { Entry } from './tar.ts';

/** Rows are gathered into pieces of about this length. */
const PIECE_BYTES = 1 << 20;
const LEFT_OUT: Readonly<Record<string, string>> = {
  kept_secret: 'it holds keys in clear; keep them apart from backups',
};

export interface Told {
  readonly table: string;
  readonly rows: number;
}

export interface Source {
  readonly session: Session;
  readonly objects: ObjectStore;
  readonly createdAt: Date;
  readonly onTold: (told: Told) => void;
  readonly signal: AbortSignal;
}

/** Fills `contents` when it has come to its end. */
export async function* collect(
  source: Source,
  keep: (header: Header, contents: Contents) => void,
): AsyncGenerator<Entry> {
  const { session } = source;
  // One snapshot for all tables, and none of them, nor a partition, goes away meanwhile.
  await session.command('begin transaction isolation level repeatable read');
  const shapes = await readTables(session);
  const names = shapes.map(({ name }) => `public."${name}"`).join(', ');
  await session.command(`lock table ${names} in access share mode`);
  await seeAll(session);
  const header = await readHeader(source, shapes);
  yield { path: FIRST, data: toJson(header) };

  const tables: Contents['tables'][number][] = [];
  for (const shape of header.tables) {
    const digest = new RowDigest();
    yield* collectTable(source, shape, digest);
    tables.push({ name: shape.name, rows: digest.rows, digest: digest.hex() });
    source.onTold({ table: shape.name, rows: digest.rows });
  }
  const sequences = await readSequences(session);
  const organizations = await listOrganizations(session);
  await session.command('commit');
  const objects = { count: 0, bytes: 0, digest: new RowDigest() };
  if (header.objects.included) yield* collectObjects(source, organizations, objects);
  const contents = { tables, sequences, objects: { ...objects, digest: objects.digest.hex() } };
  yield { path: LAST, data: toJson(contents) };
  keep(header, contents);
}

async function readHeader(
  { session, objects, createdAt }: Source,
  shapes: readonly TableShape[],
): Promise<Header> {
  const { text } = await readServerVersion(session);
  const isPresent = new Set(shapes.map(({ name }) => name));
  return {
    format: FORMAT,
    createdAt: createdAt.toISOString(),
    postgres: text,
    migrations: await readMigrationsApplied(session),
    fingerprints: await readFingerprints(session),
    formerKeys: isPresent.has('encryption_key') ? await readFormerKeys(session) : [],
    partitions: await readPartitions(session),
    tables: shapes.filter(({ name }) => !Object.hasOwn(LEFT_OUT, name)),
    leftOut: Object.fromEntries(Object.entries(LEFT_OUT).filter(([name]) => isPresent.has(name))),
    // A bucket has its own copies and versions, and may be far larger than the database.
    objects: { kind: objects.kind, place: objects.place, included: objects.kind === 'files' },
  };
}

export function copyOutOf({ name, columns }: TableShape): string {
  return `copy (select ${columns.join(', ')} from public."${name}") to stdout`;
}

async function* collectTable(
  { session, signal }: Source,
  shape: TableShape,
  digest: RowDigest,
): AsyncGenerator<Entry> {
  let rows: Buffer[] = [];
  let bytes = 0;
  let number = 0;
  const piece = (): Entry => {
    number += 1;
    const data = Buffer.concat(rows);
    rows = [];
    bytes = 0;
    return { path: `tables/${shape.name}/${String(number).padStart(6, '0')}.copy`, data };
  };
  for await (const row of session.copyOut(copyOutOf(shape))) {
    signal.throwIfAborted();
    digest.add(row);
    rows.push(row);
    bytes += row.length;
    if (bytes >= PIECE_BYTES) yield piece();
  }
  if (rows.length > 0) yield piece();
}

/** After the snapshot: an object stands before the row that names it does. */
async function* collectObjects(
  { objects, signal }: Source,
  organizations: readonly string[],
  sum: { count: number; bytes: number; readonly digest: RowDigest },
): AsyncGenerator<Entry> {
  for (const organization of organizations) {
    for await (const page of objects.list(`${organization}/`)) {
      for (const { key } of page) {
        signal.throwIfAborted();
        const data = await objects.get(key);
        // It was dropped with its run meanwhile.
        if (data === null) continue;
        sum.count += 1;
        sum.bytes += data.length;
        sum.digest.add(objectLine(key, data));
        yield { path: `objects/${key}`, data };
      }
    }
  }
}

export const objectLine = (key: string, data: Buffer): Buffer =>
  Buffer.from(`${key} ${createHash('sha256').update(data).digest('hex')}`);

const toJson = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
