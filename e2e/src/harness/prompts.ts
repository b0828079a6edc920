import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROMPTS = 80;

/** Lines of JSON, each with the turns of one conversation. */
export interface Prompts {
  readonly lines: readonly string[];
  readonly turns: number;
  /** False: made here, because the real ones are not there. */
  readonly real: boolean;
}

/** The 80 questions of MT-Bench from `TEST_DATA_DIR` (`../shared/data` beside the repository). */
export function readPrompts(): Prompts {
  const folder = resolve(ROOT, process.env['TEST_DATA_DIR'] ?? '../shared/data');
  const file = join(folder, 'mt_bench_questions.jsonl');
  if (existsSync(file)) return count(readFileSync(file, 'utf8'), true);
  if (process.env['REQUIRE_ALL'] === '1') throw new Error(`${file} is missing`);
  console.log(`${file} is missing: generated prompts take the place of the real ones`);
  const made = Array.from({ length: PROMPTS }, (_, n) =>
    JSON.stringify({ turns: [`Write ${n} words about the sea.`, 'Now begin each with an A.'] }),
  );
  return count(made.join('\n'), false);
}

function count(text: string, real: boolean): Prompts {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const turns = lines
    .map((line) => (JSON.parse(line) as { turns: unknown[] }).turns.length)
    .reduce((sum, each) => sum + each, 0);
  return { lines, turns, real };
}
