import { describe, expect, test } from 'vitest';

import { findFilterMistakes, passes } from './filter.ts';

const data = {
  body: { action: 'opened', n: 3, labels: ['bug', 'ui'], draft: false, nested: [{ id: 7 }] },
  headers: { 'x-github-event': 'issues' },
};
const v = (path: string): object => ({ var: path });

describe('a filter', () => {
  test.for<[unknown, boolean]>([
    [null, true],
    [{ '==': [v('body.action'), 'opened'] }, true],
    [{ '==': [v('body.n'), '3'] }, false],
    [{ '!=': [v('body.action'), 'closed'] }, true],
    [{ '>': [v('body.n'), 2] }, true],
    [{ '<': [v('body.n'), 'z'] }, false],
    [{ in: ['bug', v('body.labels')] }, true],
    [{ in: [v('body.action'), ['opened', 'reopened']] }, true],
    [{ starts_with: [v('body.action'), 'op'] }, true],
    [{ ends_with: [v('body.n'), 'op'] }, false],
    [{ '!': v('body.draft') }, true],
    [{ '!!': [v('body.labels')] }, true],
    [
      {
        and: [
          { '==': [v('headers.x-github-event'), 'issues'] },
          { '==': [v('body.nested.0.id'), 7] },
        ],
      },
      true,
    ],
    [{ or: [false, v('body.nothing')] }, false],
    [{ if: [v('body.draft'), false, { '==': [{ var: ['body.nothing', 4] }, 4] }] }, true],
    [{ '==': [v('body.nothing'), null] }, true],
    [v('body.constructor'), false],
    [v('body.__proto__'), false],
  ])('%j passes: %s', ([filter, expected]) => {
    expect(findFilterMistakes(filter)).toEqual([]);
    expect(passes(filter, data)).toBe(expected);
  });

  test.for<[unknown, string]>([
    [{ eval: ['1'] }, '/eval'],
    [{ constructor: [1] }, '/constructor'],
    [{ and: [true, { '==': [1] }] }, '/and/1/=='],
    [{ '==': [v('process.env'), 1] }, '/==/0/var'],
    [{ a: 1, b: 2 }, ''],
    [{ 'x/y': 1 }, '/x~1y'],
    [{ '==': [{ var: ['body.a', {}] }, 1] }, '/==/0/var'],
  ])('%j is refused at %s', ([filter, path]) => {
    expect(findFilterMistakes(filter)[0]?.path).toBe(path);
  });

  test('has a size and a depth (X4)', () => {
    let deep: unknown = true;
    for (let at = 0; at < 30; at += 1) deep = { '!': [deep] };
    expect(findFilterMistakes(deep)).toHaveLength(1);
    expect(findFilterMistakes({ and: Array.from({ length: 600 }, () => 1) })).toHaveLength(1);
    expect(findFilterMistakes({ '==': ['x'.repeat(20_000), 1] })).toHaveLength(1);
  });
});
