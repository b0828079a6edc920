import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SOURCE = join(ROOT, 'clients/sdk/src');
/** The client alone, and everything. */
export const CLIENT = [''] as const;
export const EVERYTHING = ['', 'agent', 'context', 'strategies', 'workflow'] as const;
const FROM = /(\bfrom\s|\bimport\s)'(\.[^']+|@sagewai\/[a-z]+)'/g;

/** How long a fresh process takes to load entries of the SDK, each time: as JavaScript, since packages have nothing else. */
export async function timeImports(
  entries: readonly string[],
  { folder, times }: { readonly folder: string; readonly times: number },
): Promise<number[]> {
  const places = await writeJavaScript(entries, folder);
  const program = `
    const begunMs = performance.now();
    for (const entry of ${JSON.stringify(places)}) await import(entry);
    console.log(performance.now() - begunMs);
  `;
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    taken.push(Number(stdout));
  }
  return taken;
}

/** The SDK and what it loads, without types, under the folder; answers its entries. */
async function writeJavaScript(
  entries: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  const files = entries.map((entry) => join(SOURCE, entry, 'index.ts'));
  const placeOf = (file: string): string =>
    join(folder, relative(ROOT, file).replace(/\.ts$/, '.mjs'));
  const todo = [...files];
  const seen = new Set<string>(todo);
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    const place = placeOf(file);
    const from = file;
    const text = stripTypeScriptTypes(await readFile(file, 'utf8')).replaceAll(
      FROM,
      (_, before: string, name: string) => {
        const found = name.startsWith('.')
          ? join(dirname(from), name)
          : join(ROOT, 'contract', name.slice('@sagewai/'.length), 'src/index.ts');
        if (!seen.has(found)) todo.push(found);
        seen.add(found);
        const path = relative(dirname(place), placeOf(found));
        return `${before}'${path.startsWith('.') ? path : `./${path}`}'`;
      },
    );
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, text);
  }
  return files.map(placeOf);
}
