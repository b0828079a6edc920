import { Fault } from '@sagewai/fault';
import { expect, test } from 'vitest';

import { readCallBudget } from './call-budget.ts';

test('a call that says nothing has none', () => {
  expect(readCallBudget({ 'x-other': '1' }, { metadata: { a: 'b' } })).toBeUndefined();
  expect(readCallBudget({}, { metadata: null })).toBeUndefined();
});

test('headers come before metadata, and both before LiteLLM’s field', () => {
  const metadata = { sagewai_timeout: '2m', sagewai_max_tokens: 50, sagewai_max_cost: '0.5' };
  const none = { timeoutMs: undefined, outputTokensMax: undefined, costMaxPusd: undefined };
  expect(readCallBudget({}, { timeout: 1.5 })).toEqual({
    ...none,
    timeoutMs: 1_500,
    hasField: true,
  });
  expect(readCallBudget({}, { timeout: null })).toEqual({ ...none, hasField: true });
  expect(readCallBudget({}, { metadata, timeout: 1 })).toEqual({
    timeoutMs: 120_000,
    outputTokensMax: 50,
    costMaxPusd: 500_000_000_000n,
    hasField: true,
  });
  expect(
    readCallBudget({ 'x-sagewai-timeout': '800ms', 'x-sagewai-max-cost': '0' }, { metadata }),
  ).toEqual({
    timeoutMs: 800,
    outputTokensMax: 50,
    costMaxPusd: 0n,
    hasField: false,
  });
  expect(readCallBudget({ 'x-sagewai-timeout': '1.5' }, {})?.timeoutMs).toBe(1_500);
});

test.each([
  [{ 'x-sagewai-timeout': '0' }, {}],
  [{ 'x-sagewai-timeout': '-1s' }, {}],
  [{ 'x-sagewai-timeout': '2h' }, {}],
  [{ 'x-sagewai-timeout': '61m' }, {}],
  [{ 'x-sagewai-timeout': '1e3' }, {}],
  [{ 'x-sagewai-max-tokens': '0' }, {}],
  [{ 'x-sagewai-max-tokens': '1.5' }, {}],
  [{ 'x-sagewai-max-cost': '-1' }, {}],
  [{ 'x-sagewai-max-cost': '$1' }, {}],
  [{ 'x-sagewai-max-cost': '' }, {}],
  [{}, { timeout: '30' }],
  [{}, { timeout: -1 }],
  [{}, { timeout: 4_000 }],
  [{}, { metadata: { sagewai_max_cost: { usd: 1 } } }],
])('%j %j cannot be read, and says so', (headers, body) => {
  expect(() => readCallBudget(headers, body)).toThrow(Fault);
});
