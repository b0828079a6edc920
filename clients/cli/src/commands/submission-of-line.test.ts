import { describe, expect, test } from 'vitest';

import { submissionOfLine } from './submission-of-line.ts';

const defaults = { agent: 'a', model: 'm', system: undefined, common: { pool: 'gpu' } };
const of = (record: unknown): unknown => submissionOfLine(JSON.stringify(record), 3, defaults);

describe('submissionOfLine', () => {
  test('a line with a payload is a submission, over what is common to all', () => {
    expect(of({ payload: { x: 1 }, pool: 'cpu', priority: 2 })).toEqual({
      payload: { x: 1 },
      pool: 'cpu',
      priority: 2,
    });
  });

  test('several turns of a data set become one conversation', () => {
    expect(of({ question_id: 1, category: 'x', turns: ['one', 'two'] })).toEqual({
      pool: 'gpu',
      model: 'm',
      payload: { agent: { name: 'a', model: 'm' }, message: ['one', 'two'] },
    });
  });

  test.each([['not json'], ['[]'], ['{"id":1}']])('names the line that is wrong: %s', (line) => {
    expect(() => submissionOfLine(line, 3, defaults)).toThrow(/^line 3: /);
  });
});
