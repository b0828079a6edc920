import fc from 'fast-check';
import { expect, test } from 'vitest';

import { diffLines } from './diff-lines.ts';

const told = (one: string, other: string): string[] =>
  diffLines(one, other).map(
    ({ kind, text }) => `${{ same: ' ', one: '-', other: '+' }[kind]}${text}`,
  );

test('what both have stands once, what one has beside it', () => {
  expect(told('{\n  "a": 1,\n  "b": 2\n}', '{\n  "a": 1,\n  "b": 3\n}')).toEqual([
    ' {',
    '   "a": 1,',
    '-  "b": 2',
    '+  "b": 3',
    ' }',
  ]);
  expect(told('same', 'same')).toEqual([' same']);
});

test('both texts are in it, whole, for any two', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '', '{', '}'), { minLength: 1, maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (one, other) => {
      const lines = diffLines(one, other);
      const without = (left: string): string =>
        lines
          .filter(({ kind }) => kind !== left)
          .map((line) => line.text)
          .join('\n');
      expect(without('other')).toBe(one);
      expect(without('one')).toBe(other);
    }),
  );
});

test('texts that are too long are told one after the other', () => {
  const long = Array.from({ length: 2_500 }, (_, at) => String(at)).join('\n');
  expect(told(`${long}\nx`, `${long}\ny`)).toHaveLength(5_002);
});
