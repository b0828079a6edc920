import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

import { UsageError } from './usage-error.ts';

const TEXTS: readonly string[] = ['.md', '.mdx', '.markdown', '.txt', '.rst', '.adoc'];

/** The texts below a folder, or one file; what begins with a dot is left out. */
export async function readTexts(place: string): Promise<{ path: string; text: string }[]> {
  const there = await stat(place).catch(() => null);
  if (there === null) throw new UsageError(`there is no ${place}`);
  if (there.isFile()) return [{ path: place, text: await readFile(place, 'utf8') }];
  const texts: { path: string; text: string }[] = [];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(place, path);
    const isHidden = name.split(/[\\/]/).some((part) => part.startsWith('.'));
    if (isHidden || !TEXTS.includes(extname(name).toLowerCase())) continue;
    texts.push({ path: name, text: await readFile(path, 'utf8') });
  }
  if (texts.length === 0)
    throw new UsageError(`there are no texts in ${place}: ${TEXTS.join(' ')}`);
  return texts.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
