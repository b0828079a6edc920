import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, resolve } from 'node:path';

import type { Document } from './passage.ts';

const TEXTS: readonly string[] = ['.md', '.mdx', '.markdown', '.txt', '.rst', '.adoc'];
const DOCUMENT_BYTES_MAX = 4_000_000;

export type ReadFolder =
  /** `folder`: below the operator's; where that is, is nobody else's business. */
  | { readonly kind: 'read'; readonly documents: readonly Document[]; readonly folder: string }
  | { readonly kind: 'missing' }
  /** Of the folder, so that whoever may build can say which. */
  | { readonly kind: 'unreadable'; readonly path: string }
  | { readonly kind: 'too_much' };

export interface FolderBounds {
  readonly documentsMax: number;
  readonly bytesMax: number;
}

/** K3. What is elsewhere is missing, as is what is not there: nobody learns what folders there are. */
export async function readFolder(
  roots: readonly string[],
  wanted: string | null,
  bounds: FolderBounds,
  readText = (path: string): Promise<string> => readFile(path, 'utf8'),
): Promise<ReadFolder> {
  const place = await within(roots, wanted);
  if (place === null) return { kind: 'missing' };
  const { folder, below } = place;
  const documents: Document[] = [];
  let bytes = 0;
  try {
    for await (const { path, size } of filesIn(folder)) {
      bytes += size;
      if (documents.length >= bounds.documentsMax || bytes > bounds.bytesMax) {
        return { kind: 'too_much' };
      }
      documents.push({ path: relative(folder, path), text: await readText(path) });
    }
  } catch (error) {
    // A file or a folder of it that the server may not read, or that went away meanwhile.
    const { path } = error as NodeJS.ErrnoException;
    if (path === undefined) throw error;
    return { kind: 'unreadable', path: relative(folder, path) || '.' };
  }
  return { kind: 'read', documents, folder: below || '.' };
}

async function within(
  roots: readonly string[],
  wanted: string | null,
): Promise<{ readonly folder: string; readonly below: string } | null> {
  for (const root of roots) {
    const top = await realpath(root).catch(() => null);
    if (top === null) continue;
    const folder = await realpath(resolve(top, wanted ?? '.')).catch(() => null);
    if (folder === null) continue;
    const below = relative(top, folder);
    const isBelow = below === '' || (!isAbsolute(below) && below.split(/[\\/]/)[0] !== '..');
    if (isBelow && (await statOf(folder))?.isDirectory() === true) return { folder, below };
  }
  return null;
}

async function* filesIn(
  folder: string,
): AsyncGenerator<{ readonly path: string; readonly size: number }> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    // K3. Of a link itself: it is neither.
    const stats = await statOf(path);
    if (stats?.isDirectory() === true) yield* filesIn(path);
    else if (stats?.isFile() === true && isText(name) && stats.size <= DOCUMENT_BYTES_MAX) {
      yield { path, size: stats.size };
    }
  }
}

const isText = (name: string): boolean => TEXTS.includes(extname(name).toLowerCase());

const statOf = (path: string): Promise<Stats | null> => lstat(path).catch(() => null);
