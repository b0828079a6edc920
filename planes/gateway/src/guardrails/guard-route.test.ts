import type { Route, StreamInput } from '@sagewai/http';
import { createChatCompletion, getResponse, listModels } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { findSecrets } from './find-secrets.ts';
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

test('a stream whose answers are read is not gone on with from its middle (W4)', async () => {
  const guardrail = {
    name: 'credentials',
    kind: 'secrets',
    action: 'redact',
    before: false,
    after: true,
    isDefault: true,
    projects: new Set<string>(),
    uninspectable: 'pass',
    find: findSecrets,
    hook: null,
    looksFor: [],
  } as const;
  let asked = 0;
  const binding = {
    kind: 'stream',
    handle: async () => {
      asked++;
      throw new Error('asked');
    },
  } as unknown as Route['binding'];
  const route = { endpoint: getResponse, binding } as Route;
  const guarded = guardRoute(route, { ...PARTS, guardrails: () => [guardrail] });
  const inputAt = (url: string): StreamInput =>
    ({
      request: { url, headers: {} },
      reply: { setHeader: () => undefined },
      caller: { orgId: null, projectId: null, detail: undefined },
    }) as unknown as StreamInput;
  const { handle } = guarded.binding as { handle: (input: StreamInput) => Promise<void> };
  await expect(handle(inputAt('/v1/responses/r?stream=true&starting_after=3'))).rejects.toThrow(
    'a guarded stream from its middle',
  );
  expect(asked).toBe(0);
});
