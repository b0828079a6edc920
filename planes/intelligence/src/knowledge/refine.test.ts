import { describe, expect, test } from 'vitest';

import { isCasual } from './is-casual.ts';
import type { Found } from './passage.ts';
import { compress, cutOff, refine, rerank, tokensOf, withoutDoubles } from './refine.ts';
import { fuse } from './search.ts';
import { splitDocument } from './split-document.ts';

const found = (place: number, body: string, score = 1): Found => ({
  place,
  path: `${place}.md`,
  heading: '',
  chunk: 0,
  body,
  score,
});

describe('refinement', () => {
  test('what is said twice is given once, the better one', () => {
    const twice = 'the pump is oiled every four weeks by the crew';
    const kept = withoutDoubles([
      found(1, twice),
      found(2, `Remember: ${twice}.`),
      found(3, 'valves are checked daily'),
    ]);
    expect(kept.map(({ place }) => place)).toEqual([1, 3]);
  });

  test('the passage that has the words of the question comes first, wherever it was found', () => {
    const ranked = rerank(
      [found(1, 'all about gardens', 1), found(2, 'how often pumps are oiled', 0.9)],
      'how often are pumps oiled?',
    );
    expect(ranked[0]?.place).toBe(2);
  });

  test('of a long passage the sentences that matter stay, in their order, within the room', () => {
    const filler = 'Nothing of interest is told in this sentence at all. ';
    const body = `${filler.repeat(20)}The pump is oiled weekly. ${filler.repeat(20)}Oil is in shed 4.`;
    const short = compress(body, 'where is the oil for the pump?', 30);
    expect(short).toMatch(/The pump is oiled weekly\.[^]*Oil is in shed 4\./);
    expect(tokensOf(short)).toBeLessThanOrEqual(30);
  });

  test('all together have no more tokens than there are, refined or not', () => {
    const many = Array.from({ length: 9 }, (_, n) => found(n, `word${n} `.repeat(300)));
    const bounds = { topK: 4, tokensMax: 600 };
    const sum = (of: readonly Found[]): number =>
      of.reduce((all, { body }) => all + tokensOf(body), 0);
    expect(sum(refine(many, 'word1', bounds))).toBeLessThanOrEqual(600);
    expect(sum(cutOff(many, bounds))).toBeLessThanOrEqual(600);
    expect(refine(many, 'word1', bounds)).toHaveLength(4);
  });
});

test('a passage that both ways found comes before one that one way found first', () => {
  const scores = fuse([
    [7, 3],
    [9, 3],
  ]);
  expect([...scores].toSorted(([, a], [, b]) => b - a)[0]?.[0]).toBe(3);
});

test('documents are split by headings and paragraphs, and code is no heading', () => {
  const text = `intro\n\n# One\n\nfirst\n\n\`\`\`sh\n# a comment\n\`\`\`\n\n## Two ##\n${'long '.repeat(600)}`;
  const passages = splitDocument({ path: 'a.md', text });
  expect(passages.map(({ heading }) => heading)).toEqual(['', 'One', 'Two', 'Two', 'Two']);
  expect(passages[1]?.body).toContain('# a comment');
  expect(passages.map(({ chunk }) => chunk)).toEqual([0, 1, 2, 3, 4]);
  expect(Math.max(...passages.map(({ body }) => body.length))).toBeLessThanOrEqual(1_200);
});

test.each(['Hi!', 'thank you so much', 'Hello, how are you doing?', 'ok'])(
  '“%s” asks nothing',
  (text) => expect(isCasual(text)).toBe(true),
);
test.each(['How are budgets set?', 'hello, what is a lease', 'Oslo?'])(
  '“%s” asks something',
  (text) => expect(isCasual(text)).toBe(false),
);
