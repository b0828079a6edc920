import { expect, test } from 'vitest';

import { isAllowedHost } from './is-allowed-host.ts';

test.for([
  ['api.example', 'https://api.example/x', true],
  ['api.example', 'https://API.example:443/x', true],
  ['api.example', 'https://api.example:8443/x', false],
  ['api.example:8443', 'https://api.example:8443/x', true],
  ['api.example:443', 'https://api.example/x', true],
  ['api.example:443', 'http://api.example/x', false],
  ['*.example', 'https://api.example/x', true],
  ['*.example', 'https://example/x', false],
  ['*.example', 'https://badexample/x', false],
  ['api.example', 'https://api.example.evil/x', false],
  ['api.example', 'https://api.example@evil/x', false],
] as const)('of %s, %s is allowed: %s (A5)', ([entry, url, expected]) => {
  expect(isAllowedHost([entry], new URL(url))).toBe(expected);
});
