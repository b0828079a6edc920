import { createChatCompletion, listModels, updateKey } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { isRouteAllowed } from './is-route-allowed.ts';

test.each([
  [[], createChatCompletion, true],
  [['/chat/completions'], createChatCompletion, true],
  [['/v1/chat/completions'], createChatCompletion, true],
  [['/v1/chat/*'], createChatCompletion, true],
  [['/chat'], createChatCompletion, false],
  [['/v1/chat*'], createChatCompletion, false],
  [['/embeddings'], createChatCompletion, false],
  [['/embeddings', 'llm_api_routes'], createChatCompletion, true],
  [['openai_routes'], createChatCompletion, true],
  [['anthropic_routes'], createChatCompletion, false],
  [['info_routes'], createChatCompletion, false],
  [['info_routes'], listModels, true],
  [['llm_api_routes'], updateKey, false],
  [['toString'], createChatCompletion, false],
] as const)('%j and %o: %s', (routes, endpoint, expected) => {
  expect(isRouteAllowed(routes, endpoint)).toBe(expected);
});
