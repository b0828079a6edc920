import { describe, expect, test } from 'vitest';

import { matches, parseSelector } from './match-selector.ts';

const GPU = { pool: 'gpu', model: 'llama3.1-70b' };

describe('a label selector', () => {
  test.each([
    ['', true],
    ['pool=gpu', true],
    ['pool==gpu,model=llama3.1-70b', true],
    ['pool=cpu', false],
    ['pool!=cpu', true],
    ['pool in (cpu, gpu)', true],
    ['model in (a,b),pool=gpu', false],
    ['pool notin (gpu)', false],
    ['team notin (x)', true],
    ['pool', true],
    ['team', false],
    ['!team', true],
    ['!pool', false],
    ['team!=x', true],
  ])('%s', (text, expected) => {
    const requirements = parseSelector(text);
    expect(requirements && matches(GPU, requirements)).toBe(expected);
  });

  test.each(['=gpu', 'pool in gpu', 'pool in (a', 'pool=a=b', 'pool gt 3', '!pool=a'])(
    '%s is none',
    (text) => expect(parseSelector(text)).toBeNull(),
  );

  test('a label that every object has by birth is missing like any other', () => {
    expect(matches(GPU, parseSelector('constructor') ?? [])).toBe(false);
  });
});
