import { expect, test } from 'vitest';

import { checkCertificate } from './certificate.ts';

const base = {
  host: '127.0.0.1',
  trustedProxies: [],
  tlsCertFile: null,
  tlsKeyFile: null,
  tlsReloadIntervalMs: 1_000,
  mtlsPort: null,
};
const now = new Date();

test.each([
  ['plain HTTP on loopback is fine', base, 'ok', /plain HTTP/],
  ['plain HTTP for others is a warning', { ...base, host: '0.0.0.0' }, 'warning', /can be read/],
  [
    'a certificate without its key fails',
    { ...base, tlsCertFile: '/c' },
    'failure',
    /expected both/,
  ],
  [
    'a port for certificates without one of its own fails',
    { ...base, mtlsPort: 8443 },
    'failure',
    /MTLS_PORT: needs/,
  ],
  [
    'a certificate that is not there fails',
    { ...base, tlsCertFile: '/nowhere/c', tlsKeyFile: '/nowhere/k' },
    'failure',
    /there is no such file/,
  ],
])('%s', async (_what, config, level, found) => {
  expect(await checkCertificate(config, now)).toMatchObject({
    check: 'transport',
    level,
    found: expect.stringMatching(found),
  });
});
