import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { runCli } from './run-cli.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PAGES = globSync(
  [
    '*.md',
    '{docs,planes,apps,clients,examples,deploy,e2e}/**/*.md',
    // What its pages say where there is nothing yet.
    'clients/console/src/**/*.tsx',
  ],
  { cwd: ROOT, exclude: ['**/node_modules', 'docs/adr/**'] },
);
const NOWHERE = 'http://127.0.0.1:9';
const LAUNCHER = resolve(ROOT, 'apps/launcher/bin/sagewai.js');
const WORD = /^[a-z][a-z-]*$/;
/** What ends a command in a shell, or a piece of code in a text. */
const END = /^(?:[|>&;<#)]|&&|\\|—)/;

const known = new Map<string, Promise<readonly string[]>>();

/** What may follow these words: commands below them, or with a dash their options. */
function offered(...words: readonly string[]): Promise<readonly string[]> {
  const asked = words.join(' ');
  const found = known.get(asked) ?? ask(words);
  known.set(asked, found);
  return found;
}

async function ask(words: readonly string[]): Promise<readonly string[]> {
  const out: string[] = [];
  await runCli(['__complete', ...words], {
    environment: { SAGEWAI_URL: NOWHERE, SAGEWAI_TOKEN: 'sat-1' },
    home: '/nowhere',
    signal: new AbortController().signal,
    terminal: {
      out: (text) => void out.push(text),
      note: () => undefined,
      progress: () => undefined,
      interactive: false,
    },
  });
  return out.join('\n').split('\n').filter(Boolean);
}

const codeIn = (line: string): string[] =>
  line.includes('`') ? line.split('`').filter((_, n) => n % 2 === 1) : [line];

/** Of a line of a program, what it says to people; up to where something is put in. */
const textsIn = (line: string): string[] =>
  [...line.matchAll(/["'`>]((?:[A-Z_]+=\S+ )*sagewai [^"`<$]*)/g)].map(([, text = '']) => text);

/** What a page says to type: the words behind `sagewai`, of lines of shells and of code in a text. */
function* commandsOf(page: string): Generator<readonly string[]> {
  const text = readFileSync(resolve(ROOT, page), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  for (const line of text.split('\n')) {
    const pieces = page.endsWith('.tsx') ? textsIn(line) : codeIn(line);
    for (const piece of pieces) {
      for (const [, rest = ''] of piece.matchAll(
        /(?:^|[(;|]|&&)\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx --no )?sagewai ((?![a-z]+ is\b).*)/g,
      )) {
        const words = rest.split(/\s+/);
        const end = words.findIndex((word) => END.test(word));
        yield end === -1 ? words : words.slice(0, end);
      }
    }
  }
}

/** Another name of a command: it has options where its group has none of its own. */
async function isAlias(path: readonly string[], word: string): Promise<boolean> {
  const [own, below] = [await offered(...path, '--'), await offered(...path, word, '--')];
  return own.join(' ') !== below.join(' ');
}

/** Of another process, which reads its own words. */
async function isElsewhere(word: string): Promise<boolean> {
  if (!(await offered('')).includes(word)) return true;
  const [below, options] = [await offered(word, ''), await offered(word, '--')];
  return below.length === 0 && options.length === 0;
}

/** What of it there is not; empty where all of it is. */
async function mistakeIn(words: readonly string[]): Promise<string> {
  const path: string[] = [];
  for (const word of words) {
    if (!WORD.test(word)) break;
    const below = (await offered(...path, '')).filter((each) => !each.startsWith('-'));
    if (below.length === 0) break;
    if (!below.includes(word) && !(await isAlias(path, word)))
      return `no \`${word}\` below \`sagewai ${path.join(' ')}\``;
    path.push(word);
  }
  const options = await offered(...path, '--');
  const flags = words.flatMap((word) => /^(--[a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  const unknown = flags.filter((flag) => !options.includes(flag) && flag !== '--help');
  return unknown.length === 0 ? '' : `no ${unknown.join(', ')} at \`sagewai ${path.join(' ')}\``;
}

test('what the pages say to type is there to be typed', async () => {
  const groups = await offered('');
  const told = execFileSync(process.execPath, [LAUNCHER, 'help'], { encoding: 'utf8' });
  const listed = [...told.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name = '']) => name);
  const all = new Set(['help', ...listed]);
  const mistakes: string[] = [];
  let count = 0;
  for (const page of PAGES) {
    for (const words of commandsOf(page)) {
      const [first = ''] = words;
      if (!WORD.test(first) || (all.has(first) && (await isElsewhere(first)))) continue;
      count += 1;
      const mistake = groups.includes(first) ? await mistakeIn(words) : `no \`sagewai ${first}\``;
      if (mistake !== '') mistakes.push(`${page}: ${mistake} (${words.join(' ')})`);
    }
  }
  expect(mistakes).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
