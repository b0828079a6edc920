import { describe, expect, test } from 'vitest';

import { fillTemplate, findTemplateMistakes, hasPlaces } from './template.ts';

const data = {
  body: {
    title: 'It {{body.secret}} broke',
    n: 3,
    labels: ['a', 'b'],
    secret: 's',
    big: 'x'.repeat(1_000),
  },
  headers: { 'x-github-event': 'issues' },
};
const fill = (template: unknown): unknown => {
  const filled = fillTemplate(template, data, 5_000);
  return filled.kind === 'filled' ? filled.value : filled;
};

describe('a template', () => {
  test.for<[unknown, unknown]>([
    ['plain', 'plain'],
    ['{{body.n}}', 3],
    ['{{body.labels}}', ['a', 'b']],
    ['{{body.labels.1}}', 'b'],
    ['no {{body.n}}, {{ headers.x-github-event }}', 'no 3, issues'],
    ['{{body.nothing}}', null],
    ['a{{body.nothing}}b', 'ab'],
    ['{{body.nothing ?? "main"}}', 'main'],
    ['{{body.n ?? 5}}', 3],
    ['{{body.constructor}}', null],
    [{ a: ['{{body.n}}', { b: true }] }, { a: [3, { b: true }] }],
  ])('%j becomes %j', ([template, expected]) => {
    expect(findTemplateMistakes(template)).toEqual([]);
    expect(fill(template)).toEqual(expected);
  });

  test('what was filled in is not filled again (X5)', () => {
    expect(fill('{{body.title}}')).toBe('It {{body.secret}} broke');
    expect(fill('! {{body.title}}')).toBe('! It {{body.secret}} broke');
  });

  test('what is made is bounded while it is made (X5)', () => {
    const many = Array.from({ length: 10 }, () => '{{body.big}}');
    expect(fill(many)).toMatchObject({ kind: 'refused' });
    expect(fill('{{body.big}}'.repeat(10))).toMatchObject({ kind: 'refused' });
  });

  test.for<[unknown, string]>([
    [{ a: { b: '{{process.env}}' } }, '/a/b'],
    [{ a: ['x', '{{body.x'] }, '/a/1'],
    ['{{body.x ?? main}}', ''],
    ['{{ body[0] }}', ''],
  ])('%j is refused at %s', ([template, path]) => {
    expect(findTemplateMistakes(template)).toMatchObject([{ path }]);
  });

  test('says whether it has places', () => {
    expect([hasPlaces({ a: ['{{body.n}}'] }), hasPlaces({ a: ['x'] })]).toEqual([true, false]);
  });
});
