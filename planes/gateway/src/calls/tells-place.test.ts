import { expect, test } from 'vitest';

import { tellsPlaceTo } from './tells-place.ts';

const requestFrom = (ip: string, headers: Record<string, string> = {}) =>
  ({ request: { ip, headers: { host: 'localhost:8000', ...headers } } }) as unknown as Parameters<
    ReturnType<typeof tellsPlaceTo>
  >[0];

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
  expect(tellsPlaceTo(who)(requestFrom(ip))).toBe(told);
});

test.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'])(
  'a proxy on the same machine (%s) is not its caller',
  (name) => {
    const behind = requestFrom('127.0.0.1', { [name]: 'for=203.0.113.7' });
    expect(tellsPlaceTo('local')(behind)).toBe(false);
    expect(tellsPlaceTo('everyone')(behind)).toBe(true);
  },
);

test.each([
  ['localhost', true],
  ['LOCALHOST:8000', true],
  ['127.0.0.1:8000', true],
  ['[::1]:8000', true],
  ['models.example.com', false],
  ['localhost.example.com', false],
  ['10.0.0.7:8000', false],
  ['', false],
])(
  'a proxy on the same machine that says nothing is told by the name it was called by: %j',
  (host, told) => {
    expect(tellsPlaceTo('local')(requestFrom('127.0.0.1', { host }))).toBe(told);
  },
);
