import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Markdown files of one folder, to be searched and read. */
export interface Library {
  search(query: string): readonly { readonly file: string; readonly line: string }[];
  /** Null: there is no such file. */
  read(file: string): string | null;
}

const HITS_MAX = 8;

export async function openLibrary(folder: string): Promise<Library> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).toSorted();
  const texts = new Map<string, string>();
  for (const name of names) texts.set(name, await readFile(join(folder, name), 'utf8'));
  return {
    // A name that is not in the list is no path either: nothing else can be read.
    read: (file) => texts.get(file) ?? null,
    search: (query) => {
      const words = new Set(wordsOf(query));
      const hits = [...texts].flatMap(([file, text]) =>
        text.split('\n').map((line) => {
          const found = new Set(wordsOf(line).filter((word) => words.has(word)));
          return { file, line: line.trim(), score: found.size };
        }),
      );
      return hits
        .filter(({ score }) => score > 0)
        .toSorted((one, other) => other.score - one.score)
        .slice(0, HITS_MAX)
        .map(({ file, line }) => ({ file, line }));
    },
  };
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];

/** Text as it is compared: a model may break lines elsewhere. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
