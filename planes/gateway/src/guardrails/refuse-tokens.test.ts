import { expect, test } from 'vitest';

import { guardrailOf, SECRETS_RULE } from './guardrail-fixture.ts';
import { refuseTokens } from './refuse-tokens.ts';

const HOOK = { url: 'http://x', secret: null, timeoutMs: 1 };

test.each([
  [{ logprobs: true }, 'logprobs'],
  [{ logprobs: 0 }, 'logprobs'],
  [{ top_logprobs: 2 }, 'top_logprobs'],
  [{ return_token_ids: true }, 'return_token_ids'],
  [{ include: ['message.output_text.logprobs'] }, 'include'],
  [{ 'include[]': 'logprobs' }, 'include'],
  [{ generationConfig: { responseLogprobs: true } }, 'responseLogprobs'],
])('an answer that may be changed is not told token by token (W2): %j', (body, path) => {
  for (const rule of [SECRETS_RULE, guardrailOf({ action: 'block', find: null, hook: HOOK })]) {
    expect(() => refuseTokens(body, [rule])).toThrow(
      expect.objectContaining({ mistakes: [expect.objectContaining({ path: `/${path}` })] }),
    );
  }
});

test('who asks for none, or is only blocked or watched, is not refused', () => {
  const none = { logprobs: false, top_logprobs: 0, include: ['reasoning.encrypted_content'] };
  expect(() => refuseTokens(none, [SECRETS_RULE])).not.toThrow();
  expect(() => refuseTokens({ logprobs: null }, [SECRETS_RULE])).not.toThrow();
  const asks = { logprobs: true };
  expect(() => refuseTokens(asks, [guardrailOf({ action: 'block' })])).not.toThrow();
  expect(() => refuseTokens(asks, [guardrailOf({ action: 'flag' })])).not.toThrow();
  expect(() => refuseTokens(asks, [])).not.toThrow();
});
