import { expect, test } from 'vitest';

import { formatLabels, parseLabels, parseList } from './lists.ts';

test('a list keeps order, each entry once, without blanks', () => {
  expect(parseList(' b, a ,,b,')).toEqual(['b', 'a']);
  expect(parseList('')).toEqual([]);
});

test('labels are read, and written back', () => {
  const labels = parseLabels('region=us-east-1, url=http://x?a=b,empty=');
  expect(labels).toEqual({ region: 'us-east-1', url: 'http://x?a=b', empty: '' });
  expect(parseLabels(formatLabels(labels ?? {}))).toEqual(labels);
});

test.each(['a', '=b', 'a=1,a=2', 'a b=c'])('“%s” are no labels', (text) => {
  expect(parseLabels(text)).toBeNull();
});

test('a label may have any name', () => {
  expect(parseLabels('__proto__=x,constructor=y')).toEqual(
    Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  );
});
