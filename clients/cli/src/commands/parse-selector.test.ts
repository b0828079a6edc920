import { describe, expect, test } from 'vitest';

import { UsageError } from '../usage-error.ts';
import { parsePreferred, parseRequired } from './parse-selector.ts';

describe('parseRequired', () => {
  test.for([
    ['gpu_memory>=24', { label: 'gpu_memory', op: 'gte', value: '24' }],
    [' gpu_memory < 1.5 ', { label: 'gpu_memory', op: 'lt', value: '1.5' }],
    ['tier=gold', { label: 'tier', op: 'eq', value: 'gold' }],
    ['tier==gold', { label: 'tier', op: 'eq', value: 'gold' }],
    ['tier=', { label: 'tier', op: 'eq', value: '' }],
    ['url=a=b', { label: 'url', op: 'eq', value: 'a=b' }],
    ['tier != gold', { label: 'tier', op: 'ne', value: 'gold' }],
    ['zone in (a, b)', { label: 'zone', op: 'in', values: ['a', 'b'] }],
    ['zone not in (a)', { label: 'zone', op: 'not_in', values: ['a'] }],
    ['zone notin (a)', { label: 'zone', op: 'not_in', values: ['a'] }],
    ['nvlink', { label: 'nvlink', op: 'exists' }],
    ['!spot', { label: 'spot', op: 'not_exists' }],
    ['in', { label: 'in', op: 'exists' }],
  ] as const)('reads %s', ([text, selector]) => {
    expect(parseRequired(text)).toEqual(selector);
  });

  test.for([
    ['', 'expected label=a'],
    ['!', 'expected label=a'],
    ['zone in a,b', 'expected label=a'],
    ['zone in (a,,b)', 'an empty value'],
    ['zone in ()', 'an empty value'],
    ['memory>=24GB', 'decimal number'],
    ['memory>', 'decimal number'],
    ['=a', 'expected label=a'],
  ] as const)('says what is wrong with %s', ([text, message]) => {
    expect(() => parseRequired(text)).toThrow(UsageError);
    expect(() => parseRequired(text)).toThrow(message);
  });
});

describe('parsePreferred', () => {
  test('reads a weight behind the last colon', () => {
    expect(parsePreferred('zone in (a,b):5')).toEqual({
      label: 'zone',
      op: 'in',
      values: ['a', 'b'],
      required: false,
      weight: 5,
    });
    expect(parsePreferred('image=x:7:3')).toMatchObject({ value: 'x:7', weight: 3 });
    expect(parsePreferred('nvlink')).toEqual({ label: 'nvlink', op: 'exists', required: false });
    expect(() => parsePreferred('nvlink:0')).toThrow('a weight is 1 to 100');
    expect(() => parsePreferred('nvlink:101')).toThrow('a weight is 1 to 100');
  });
});
