import type { WireSelector } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { readSelectors } from './read-selectors.ts';

describe('readSelectors', () => {
  test('gives equal selectors for equal meanings', () => {
    const one = readSelectors([
      { label: 'zone', op: 'in', values: ['b', 'a', 'a'] },
      { label: 'tier', op: 'eq', value: 'gold' },
      { label: 'memory', op: 'gte', value: 24 },
    ]);
    const other = readSelectors([
      { label: 'memory', op: 'gte', value: '24.0' },
      { label: 'tier', op: 'in', values: ['gold'], required: true },
      { label: 'zone', op: 'in', values: ['a', 'b'] },
    ]);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ kind: 'read', preferred: [] });
  });

  test('keeps what is preferred apart, and adds up what is said twice', () => {
    const preferred = { label: 'zone', op: 'eq', value: 'a', required: false } as const;
    expect(readSelectors([preferred, { ...preferred, weight: 5 }])).toEqual({
      kind: 'read',
      required: [],
      preferred: [{ label: 'zone', op: 'in', values: ['a'], weight: 6 }],
    });
  });

  test('a number is compared as the digits that a label is written with', () => {
    const read = readSelectors([{ label: 'n', op: 'eq', value: 1e21 }]);
    expect(read).toMatchObject({ required: [{ values: ['1000000000000000000000'] }] });
  });

  test.for([
    [{ label: 'x', op: 'in' }, 'takes values'],
    [{ label: 'x', op: 'eq' }, 'one value'],
    [{ label: 'x', op: 'eq', values: ['a', 'b'] }, 'one value'],
    [{ label: 'x', op: 'exists', value: 'a' }, 'no value'],
    [{ label: 'x', op: 'gte' }, 'one decimal number'],
    [{ label: 'x', op: 'gte', value: '24GB' }, 'one decimal number'],
    [{ label: 'x', op: 'lt', values: ['1', '2'] }, 'one decimal number'],
    [{ label: 'x', op: 'eq', value: 'a', values: ['a'] }, 'not both'],
    [{ label: 'x', op: 'exists', weight: 2 }, 'has no weight'],
  ] as const satisfies readonly (readonly [WireSelector, string])[])(
    'says what is wrong with %j',
    ([given, message]) => {
      const fine: WireSelector = { label: 'y', op: 'exists' };
      expect(readSelectors([fine, given])).toMatchObject({
        kind: 'mistaken',
        at: 1,
        message: expect.stringContaining(message),
      });
    },
  );
});
