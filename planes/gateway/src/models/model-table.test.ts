import { describe, expect, test } from 'vitest';

import { flatPrice, ratesOf } from '../money/price.ts';
import type { Deployment } from './deployment.ts';
import { allows, buildModelTable, findModel } from './model-table.ts';

function deployment(model: string, of: Partial<Deployment> = {}): Deployment {
  return {
    id: model,
    model,
    upstreamModel: model,
    endpoint: { provider: 'openai', baseUrl: 'https://x/v1', credential: null },
    price: flatPrice(ratesOf({ input: 1n, output: 2n })),
    outputTokensMax: 100,
    contextTokensMax: 1_000,
    ...of,
  };
}

describe('a model', () => {
  const table = buildModelTable(
    ['gpt-4o', 'llama3:8b', 'llama3-8b', 'Mixtral'].map((model) => deployment(model)),
  );

  test.each([
    ['gpt-4o', 'gpt-4o'],
    ['openai/gpt-4o', 'gpt-4o'],
    ['GPT-4o', 'gpt-4o'],
    ['llama3:8b', 'llama3:8b'],
    ['llama3-8b', 'llama3-8b'],
    ['ollama/llama3:8b', 'llama3:8b'],
    ['mixtral', 'Mixtral'],
    ['gpt-4', undefined],
    ['', undefined],
    ['openai/', undefined],
    ['__proto__', undefined],
  ])('%j is %j', (name, model) => {
    expect(findModel(table, name)?.model).toBe(model);
  });

  test('is allowed by its canonical name, and every model by an empty list', () => {
    const group = findModel(table, 'gpt-4o');
    if (group === undefined) throw new Error('missing');
    expect(allows(new Set(['gpt-4o']), group)).toBe(true);
    expect(allows(new Set(['gpt-4o-mini']), group)).toBe(false);
    expect(allows(new Set(), group)).toBe(true);
  });
});

test('a group is bounded by the dearest and the longest of its deployments (M1)', () => {
  const dear = { price: flatPrice(ratesOf({ input: 5n, output: 1n })), outputTokensMax: 500 };
  const [group] = buildModelTable([deployment('m'), deployment('m', { id: 'b', ...dear })]).groups;
  expect(group).toMatchObject({
    ceiling: { input: 5n, output: 2n },
    isPriced: true,
    outputTokensMax: 500,
  });
});

test('a deployment without a price is not used beside one that has one (M4)', () => {
  const unpriced = deployment('m', { id: 'b', price: undefined });
  const [group] = buildModelTable([unpriced, deployment('m')]).groups;
  expect(group?.deployments.map(({ id }) => id)).toEqual(['m']);
  expect(group?.isPriced).toBe(true);
  expect(buildModelTable([unpriced]).groups[0]?.isPriced).toBe(false);
});
