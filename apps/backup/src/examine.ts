/** Reads an archive to its end and says whether it is what was written, before anything is touched. */
import { objectLine } from './collect.ts';
import { compareContents, type Contents, FIRST, FORMAT, type Header, LAST } from './manifest.ts';
import { RowDigest } from './row-digest.ts';
import { DamagedArchive, type Entry } from './tar.ts';

export interface Examined {
  readonly header: Header;
  readonly contents: Contents;
}

export async function examine(
  entries: AsyncIterable<Entry>,
  signal: AbortSignal,
): Promise<Examined> {
  let header: Header | null = null;
  let contents: Contents | null = null;
  const tables = new Map<string, RowDigest>();
  const objects = { count: 0, bytes: 0, digest: new RowDigest() };
  for await (const { path, data } of entries) {
    signal.throwIfAborted();
    if (path === FIRST) header = readHeader(data);
    else if (path === LAST) contents = parse<Contents>(path, data);
    else if (path.startsWith('objects/')) {
      objects.count += 1;
      objects.bytes += data.length;
      objects.digest.add(objectLine(keyOf(path), data));
    } else {
      const name = tableOf(path);
      const digest = tables.get(name) ?? new RowDigest();
      for (const row of splitRows(data)) digest.add(row);
      tables.set(name, digest);
    }
  }
  if (header === null) throw new DamagedArchive(`this is no backup: it has no ${FIRST}`);
  if (contents === null) throw new DamagedArchive('the archive is not whole: its end is missing');
  const found: Contents = {
    tables: [...tables].map(([name, digest]) => ({
      name,
      rows: digest.rows,
      digest: digest.hex(),
    })),
    sequences: [],
    objects: { ...objects, digest: objects.digest.hex() },
  };
  const mistakes = compareContents(contents, found);
  if (mistakes.length > 0)
    throw new DamagedArchive(`the archive is damaged: ${mistakes.join('; ')}`);
  return { header, contents };
}

function readHeader(data: Buffer): Header {
  const header = parse<Header>(FIRST, data);
  if (header.format === FORMAT) return header;
  throw new DamagedArchive(`the archive has format ${header.format}; this version reads ${FORMAT}`);
}

function parse<Value>(path: string, data: Buffer): Value {
  try {
    return JSON.parse(data.toString()) as Value;
  } catch (cause) {
    throw new DamagedArchive(`the archive is damaged: ${path} cannot be read`, { cause });
  }
}

export const tableOf = (path: string): string => path.split('/')[1] ?? '';

export const keyOf = (path: string): string => path.slice('objects/'.length);

/** A line break within a value is written as two letters, so each one in the data ends a row. */
export function* splitRows(data: Buffer): Generator<Buffer> {
  for (let start = 0; start < data.length;) {
    const end = data.indexOf(0x0a, start);
    const next = end < 0 ? data.length : end + 1;
    yield data.subarray(start, next);
    start = next;
  }
}
