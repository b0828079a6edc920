import type { Route } from '@sagewai/http';
import { createChatCompletion, listModels } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { type GuardParts, guardRoute } from './guard-route.ts';

const PARTS: GuardParts = {
  guardrails: () => [],
  post: async () => ({ status: 500, text: '' }),
  now: () => new Date(0),
  note: async () => undefined,
  bytesMax: 1,
};

test('a route to a model that cannot be guarded is not begun with; others are left alone (W1, W2)', () => {
  const binding = { kind: 'own', handle: async () => ({}) } as unknown as Route['binding'];
  const toModel = { endpoint: createChatCompletion, binding } as Route;
  expect(() => guardRoute(toModel, PARTS)).toThrow('createChatCompletion cannot be guarded');
  const other = { endpoint: listModels, binding } as Route;
  expect(guardRoute(other, PARTS)).toBe(other);
});
