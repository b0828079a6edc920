import { expect, test } from 'vitest';

import { splitDocument } from './split-document.ts';

const headingsOf = (text: string): string[] =>
  splitDocument({ path: 'a.md', text }).map(({ heading }) => heading);

test('a document is split at its headings, and not at what looks like one in code', () => {
  const text = 'before\n# One ##\nx\n```\n# no\n```\n###### Two\ny\n#three\n# #\nz';
  expect(headingsOf(text)).toEqual(['', 'One', 'Two']);
});

test('a paragraph without end is cut into passages', () => {
  const passages = splitDocument({ path: 'a.txt', text: 'x'.repeat(3_000) });
  expect(passages.map(({ body, chunk }) => [chunk, body.length])).toEqual([
    [0, 1_200],
    [1, 1_200],
    [2, 600],
  ]);
});

test('a line of a million spaces takes no longer than one of words', () => {
  const startedAt = performance.now();
  expect(headingsOf(`# a${' '.repeat(1_000_000)}b\nx`)).toEqual(['a']);
  expect(headingsOf(`# a${'#'.repeat(1_000_000)} b\nx`)).toEqual([`a${'#'.repeat(199)}`]);
  // A pattern with two repeats in a row takes hours.
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('a heading without end does not stand whole with each of its passages', () => {
  const [first] = splitDocument({ path: 'a.md', text: `# ${'x'.repeat(100_000)}\ny` });
  expect(first?.heading).toHaveLength(200);
});
