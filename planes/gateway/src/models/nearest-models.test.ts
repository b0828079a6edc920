import { expect, test } from 'vitest';

import type { Deployment } from './deployment.ts';
import { buildModelTable } from './model-table.ts';
import { nearestModels } from './nearest-models.ts';

const NAMES = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-flash', 'llama3.2:3b', 'm'];
const { groups } = buildModelTable(NAMES.map((model) => ({ id: model, model }) as Deployment));

test.each([
  ['gpt-4', ['gpt-4o', 'gpt-4o-mini']],
  ['gpt4o', ['gpt-4o']],
  ['claude-sonet-4-5', ['claude-sonnet-4-5']],
  ['claude-sonnet', ['claude-sonnet-4-5']],
  ['claude-sonnet-4-5-20250929', ['claude-sonnet-4-5']],
  ['llama3.2', ['llama3.2:3b']],
  ['o3', []],
  ['omni-moderation-latest', []],
  ['mistral-large', []],
  ['', []],
])('%s may mean %j', (name, meant) => {
  expect(nearestModels(name, groups)).toEqual(meant);
});
