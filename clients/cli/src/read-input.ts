import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

import { UsageError } from './usage-error.ts';

/** The whole file; `-` is stdin. */
export async function readInput(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${file}: ${error.code ?? error.message}`);
  });
}
