import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { readContexts } from './read-contexts.ts';

test('a call brings its contexts along, the outer one first, or says nothing', () => {
  expect(readContexts({})).toBeUndefined();
  expect(
    readContexts({
      'x-sagewai-context': 'tokens=100000,requests=60,usd=100; tokens=10,requests=0,usd=0.5',
    }),
  ).toEqual([
    { tokensPerMinute: 100_000n, requestsPerMinute: 60n, usdPerDay: 100_000_000_000_000n },
    { tokensPerMinute: 10n, requestsPerMinute: 0n, usdPerDay: 500_000_000_000n },
  ]);
});

test.each([
  '',
  'tokens=1',
  'tokens=-1,requests=1,usd=1',
  'tokens=01,requests=1,usd=1',
  'tokens=1,requests=1,usd=1e3',
  'tokens=1,requests=1,usd=1;',
  Array.from({ length: 9 }, () => 'tokens=1,requests=1,usd=1').join(';'),
])('%j cannot be read, and says so', (given) => {
  expect(() => readContexts({ 'x-sagewai-context': given })).toThrow(Fault);
});
