import { expect, test } from 'vitest';

import { tellsPlaceTo } from './tells-place.ts';

test.each([
  ['local', '127.0.0.1', true],
  ['local', '127.8.8.8', true],
  ['local', '::1', true],
  ['local', '::ffff:127.0.0.1', true],
  ['local', '10.0.0.1', false],
  ['local', '::ffff:10.0.0.1', false],
  ['local', '127.evil', false],
  ['everyone', '8.8.8.8', true],
  ['nobody', '127.0.0.1', false],
] as const)('told to %s: %s is told %s', (who, ip, told) => {
  const input = { request: { ip } } as unknown as Parameters<ReturnType<typeof tellsPlaceTo>>[0];
  expect(tellsPlaceTo(who)(input)).toBe(told);
});
