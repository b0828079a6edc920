import { expect, test } from 'vitest';

import { base32, matchTotp, newTotpSecret, totpCode, totpUri } from './totp.ts';

const secret = Buffer.from('12345678901234567890');

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('gives the code of RFC 6238, appendix B, at %i s', (seconds, code) => {
  expect(totpCode(secret, Math.floor(seconds / 30), 8)).toBe(code);
});

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('base32 of RFC 4648, section 10: %j', (text, encoded) => {
  expect(base32(Buffer.from(text))).toBe(encoded);
});

const now = new Date(1_111_111_111_000);
const present = Math.floor(1_111_111_111 / 30);

test('a code is right a step early and a step late, and no further', () => {
  const match = (step: number) =>
    matchTotp(secret, totpCode(secret, step), { now, lastStep: 0 }).kind;
  expect([-2, -1, 0, 1, 2].map((off) => match(present + off))).toEqual([
    'wrong',
    'right',
    'right',
    'right',
    'wrong',
  ]);
});

test('a code that was used, and one before it, is a replay', () => {
  const code = totpCode(secret, present);
  expect(matchTotp(secret, code, { now, lastStep: present })).toEqual({ kind: 'wrong' });
  const older = totpCode(secret, present - 1);
  expect(matchTotp(secret, older, { now, lastStep: present })).toEqual({ kind: 'wrong' });
  const newer = totpCode(secret, present + 1);
  expect(matchTotp(secret, newer, { now, lastStep: present })).toEqual({
    kind: 'right',
    step: present + 1,
  });
});

test('the address for an app names issuer, account and secret', () => {
  expect(totpUri({ secret, issuer: 'Sagewai acme', account: 'anna@acme.test' })).toBe(
    'otpauth://totp/Sagewai%20acme:anna%40acme.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sagewai%20acme&algorithm=SHA1&digits=6&period=30',
  );
  expect(newTotpSecret()).toHaveLength(20);
});
