import { expect, test } from 'vitest';

import { priceOwnCall } from './price-own-call.ts';

const AT = new Date('2026-11-01T00:00:00Z');

test('what runs on the operator’s own machines is free', () => {
  expect(priceOwnCall([], 'ollama/llama3.1:70b', AT)).toEqual({
    perCall: 0n,
    input: 0n,
    output: 0n,
  });
});

test.each(['gpt-4o', 'openai/gpt-4o', 'claude-sonnet-4-20250514'])('%s has a price', (model) => {
  expect(priceOwnCall([], model, AT)?.output).toBeGreaterThan(0n);
});

test.each(['nobody-knows', 'acme/gpt-4o'])('%s is unknown, not free', (model) => {
  expect(priceOwnCall([], model, AT)).toBeNull();
});
