import { expect, test } from 'vitest';

import { limitHeaders } from './limit-headers.ts';

test('limits and what is left of them are told under the names that clients of LiteLLM look for', () => {
  expect(limitHeaders({}, {})).toEqual({});
  expect(
    limitHeaders(
      {
        'day cost': '500000000000',
        'month cost': '10000000000000',
        'minute tokens': '1000',
        'minute requests': '0',
      },
      {
        'day cost': '1',
        'month cost': '250000000000',
        'minute tokens': '400',
        'minute requests': '3',
      },
    ),
  ).toEqual({
    'x-litellm-key-max-budget': '10',
    'x-litellm-key-spend': '0.25',
    'x-litellm-key-tpm-limit': '1000',
    'x-ratelimit-limit-tokens': '1000',
    'x-ratelimit-remaining-tokens': '600',
    'x-litellm-key-rpm-limit': '0',
    'x-ratelimit-limit-requests': '0',
    'x-ratelimit-remaining-requests': '0',
  });
});
