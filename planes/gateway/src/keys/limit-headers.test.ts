import { expect, test } from 'vitest';

import { limitHeaders } from './limit-headers.ts';

test('limits are told under the names that clients of LiteLLM look for', () => {
  expect(limitHeaders({})).toEqual({});
  expect(
    limitHeaders({
      'day cost': '500000000000',
      'month cost': '10000000000000',
      'minute tokens': '1000',
      'minute requests': '0',
    }),
  ).toEqual({
    'x-litellm-key-max-budget': '10',
    'x-litellm-key-tpm-limit': '1000',
    'x-ratelimit-limit-tokens': '1000',
    'x-litellm-key-rpm-limit': '0',
    'x-ratelimit-limit-requests': '0',
  });
});
