/** docs/settings.md names every setting of a server, with its default. `UPDATE_SETTINGS=1` writes the table anew. */
import { readFileSync, writeFileSync } from 'node:fs';

import { explain } from '@sagewai/config';
import { expect, test } from 'vitest';

import { SERVER_FIELDS } from './config.ts';

const FILE = 'docs/settings.md';
const START = '<!-- table -->\n\n';
const END = '\n\n<!-- end of table -->';

interface Row {
  readonly name: string;
  readonly fallback: string;
  readonly description: string;
}

const cells = ({ name, fallback, description }: Row): string =>
  `| \`${name}\` | ${fallback} | ${description} |`;

function readTable(): { readonly before: string; readonly rows: Row[]; readonly after: string } {
  const text = readFileSync(FILE, 'utf8');
  const start = text.indexOf(START) + START.length;
  const end = text.indexOf(END);
  const lines = text.slice(start, end).split('\n').slice(2);
  const rows = lines.map((line) => {
    const [name = '', fallback = '', description = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    return { name: name.replaceAll('`', ''), fallback, description };
  });
  return { before: text.slice(0, start), rows, after: text.slice(end) };
}

test('docs/settings.md names every setting of a server, its default and what it is', () => {
  // In the order of their declaration, where one explains the next.
  const expected = explain(SERVER_FIELDS, { environment: {} }).map(
    ({ name, default: fallback, description }) => ({
      name,
      fallback: fallback === null || fallback === '' ? '–' : `\`${fallback}\``,
      description: description.replaceAll('|', '/'),
    }),
  );
  if (process.env['UPDATE_SETTINGS'] === '1') {
    const { before, after } = readTable();
    const head = '| setting | default | what it is |\n| --- | --- | --- |';
    writeFileSync(FILE, `${before}${[head, ...expected.map(cells)].join('\n')}${after}`);
  }
  expect(readTable().rows).toEqual(expected);
});
