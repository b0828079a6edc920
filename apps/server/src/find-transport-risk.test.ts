import { describe, expect, test } from 'vitest';

import { findTransportRisk } from './find-transport-risk.ts';

const now = new Date('2026-06-01T00:00:00Z');
const expiring = (at: string): { expiresAt: Date } => ({ expiresAt: new Date(at) });
const place = (
  host: string,
  trustedProxies: string[] = [],
): { host: string; trustedProxies: string[] } => ({
  host,
  trustedProxies,
});

describe('a start warns', () => {
  test.each([
    ['of plain HTTP that others can reach', place('0.0.0.0'), null, /plain HTTP off loopback/],
    [
      'of a certificate that expires soon',
      place('0.0.0.0'),
      expiring('2026-06-10T00:00:00Z'),
      /expires at 2026-06-10/,
    ],
    [
      'of one that has expired',
      place('127.0.0.1'),
      expiring('2026-05-01T00:00:00Z'),
      /expired at 2026-05-01/,
    ],
  ])('%s', (_what, settings, certificate, expected) => {
    expect(findTransportRisk(settings, certificate, now)?.what).toMatch(expected);
  });

  test.each([
    ['loopback', place('127.0.0.1'), null],
    ['loopback by name', place('localhost'), null],
    ['a proxy that is named', place('0.0.0.0', ['10.0.0.1']), null],
    ['a certificate that is good for long', place('0.0.0.0'), expiring('2026-12-01T00:00:00Z')],
  ])('not of %s', (_what, settings, certificate) => {
    expect(findTransportRisk(settings, certificate, now)).toBeNull();
  });
});
