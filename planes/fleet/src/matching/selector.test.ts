import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { describeSelector, satisfies, scoreOf, type Selector, toNumber } from './selector.ts';

const selector = (op: Selector['op'], ...values: string[]): Selector => ({
  label: 'x',
  op,
  values,
});

describe('satisfies', () => {
  test.for([
    ['in', ['a', 'b'], ['a', 'b'], ['c', 'A', '', undefined]],
    ['not_in', ['a', 'b'], ['c', '', undefined], ['a', 'b']],
    ['exists', [], ['a', ''], [undefined]],
    ['not_exists', [], [undefined], ['a', '']],
    ['gte', ['24'], ['24', '24.0', '+80', '024'], ['23.9', '-24', undefined]],
    ['gt', ['24'], ['24.1'], ['24', '24.0']],
    ['lte', ['-1.5'], ['-1.5', '-2'], ['-1.4']],
    ['lt', ['0'], ['-0.1'], ['0', '-0']],
  ] as const)('%s %s', ([op, values, satisfied, not]) => {
    const labels = (value: string | undefined) => (value === undefined ? {} : { x: value });
    for (const value of satisfied) {
      expect([value, satisfies(labels(value), selector(op, ...values))]).toEqual([value, true]);
    }
    for (const value of not) {
      expect([value, satisfies(labels(value), selector(op, ...values))]).toEqual([value, false]);
    }
  });

  test.for([
    '24GB',
    '1e9',
    '0x20',
    ' 32',
    '32 ',
    'NaN',
    'Infinity',
    '',
    '٣٢',
    '1_000',
    '1,5',
    '1.',
    '.5',
  ])('no comparison is satisfied by %j, which is no decimal number', (value) => {
    for (const op of ['gte', 'gt', 'lte', 'lt'] as const) {
      expect(satisfies({ x: value }, selector(op, '1'))).toBe(false);
    }
    expect(toNumber(value)).toBeNull();
  });

  test.for(['__proto__', 'constructor', 'toString', "';--", 'a b', '😀', '{"x":1}'])(
    'a label named %j is a label like any other',
    (label) => {
      const labels = JSON.parse(`{${JSON.stringify(label)}: "1"}`) as Record<string, string>;
      expect(satisfies(labels, { label, op: 'exists', values: [] })).toBe(true);
      expect(satisfies(labels, { label, op: 'gte', values: ['1'] })).toBe(true);
      expect(satisfies({}, { label, op: 'exists', values: [] })).toBe(false);
      expect(satisfies({}, { label, op: 'not_in', values: ['1'] })).toBe(true);
    },
  );

  test('of two opposites exactly one is satisfied, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (value, values) => {
        const labels = { x: value };
        expect(satisfies(labels, selector('in', ...values))).toBe(
          !satisfies(labels, selector('not_in', ...values)),
        );
      }),
    );
  });
});

test('a score is the sum of what is satisfied', () => {
  const preferences = [
    { ...selector('in', 'a'), weight: 5 },
    { ...selector('exists'), weight: 2 },
    { ...selector('gt', '1'), weight: 100 },
  ];
  expect(scoreOf({ x: 'a' }, preferences)).toBe(7);
  expect(scoreOf({}, preferences)).toBe(0);
});

test('a selector is described as people write it', () => {
  const described = [
    selector('in', 'a'),
    selector('in', 'a', 'b'),
    selector('not_in', 'a', 'b'),
    selector('exists'),
    selector('not_exists'),
    selector('gte', '24'),
  ].map(describeSelector);
  expect(described).toEqual(['x=a', 'x in (a,b)', 'x not in (a,b)', 'x', '!x', 'x>=24']);
});
