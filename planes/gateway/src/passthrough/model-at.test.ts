import type { Caller } from '@sagewai/http';
import { expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { buildModelTable, findModel } from '../models/model-table.ts';
import { modelAt } from './model-at.ts';

const at = (model: string) =>
  deploymentAt('http://p.example/v1', { id: model, model, upstreamModel: 'gemini-2.5-flash' });
const table = buildModelTable([at('dear'), at('house')]);
const catalogue = { all: async () => table, find: (name: string) => findModel(table, name) };

const nameFor = (models: readonly string[]): Promise<string> => {
  const by = { detail: { models: new Set(models), policy: null } } as unknown as Caller;
  return modelAt('gemini-2.5-flash', new Set(['compatible']), { catalogue, by });
};

test('a name of the provider is the model that has it and that the caller may call', async () => {
  expect(await nameFor([])).toBe('dear');
  expect(await nameFor(['house'])).toBe('house');
  // One that nobody may have is refused as itself.
  expect(await nameFor(['other'])).toBe('dear');
});
