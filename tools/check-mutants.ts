/**
 * Proves that tests notice when a line that keeps an invariant is gone: each is removed in a copy of the
 * tree, and its tests must fail. `npm run check:mutants [-- TEXT]` takes those whose name has the text.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { copyTree } from './copy-tree.ts';
import { SOURCE_MUTANTS } from './mutants.ts';
import type { SourceMutant } from './source-mutant.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [text = ''] = process.argv.slice(2);
const chosen = SOURCE_MUTANTS.filter(({ name }) => name.includes(text));
const folder = mkdtempSync(join(tmpdir(), 'sagewai-mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
copyTree(root, folder);

let bad = 0;
// Without a change they must pass: else a failure would prove nothing.
const projects = new Map(chosen.map(({ tests, project }) => [tests, project]));
for (const [tests, project] of projects) {
  if (!tell(`unchanged: ${tests}`, runTests({ project, tests }).status === 0)) bad += 1;
}
for (const mutant of chosen) if (!tell(mutant.name, isNoticed(mutant))) bad += 1;
console.log(`${chosen.length} lines removed; ${bad} not as they should be`);
process.exitCode = bad > 0 || chosen.length === 0 ? 1 : 0;

function isNoticed(mutant: SourceMutant): boolean {
  const { name, file, from, to } = mutant;
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  const found = before.split(from).length - 1;
  if (found !== 1) {
    console.log(`     ${name}: its line is ${found} times in ${file}, not once`);
    return false;
  }
  writeFileSync(
    path,
    before.replace(from, () => to),
  );
  try {
    const { status, output } = runTests(mutant);
    const failed = [...output.matchAll(/^.*FAIL.*$/gm)].map(([line]) => line.trim());
    for (const line of failed.slice(0, 3)) console.log(`     ${line.slice(0, 160)}`);
    // A file that does not even load proves nothing.
    return status !== 0 && failed.some((line) => line.includes(' > '));
  } finally {
    writeFileSync(path, before);
  }
}

function runTests({ project, tests, only }: Pick<SourceMutant, 'project' | 'tests' | 'only'>): {
  status: number | null;
  output: string;
} {
  const words = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--bail',
    '1',
    '--project',
    project,
    tests,
  ];
  if (only !== undefined) words.push('-t', only);
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, output: `${stdout}${stderr}` };
}

function tell(what: string, isGood: boolean): boolean {
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${what}`);
  return isGood;
}
