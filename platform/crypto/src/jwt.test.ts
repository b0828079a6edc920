import { createHmac, generateKeySync, type KeyObject } from 'node:crypto';

import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';

import { signJwt, verifyJwt } from './jwt.ts';

const key = generateKeySync('hmac', { length: 256 });
const now = new Date('2026-01-01T00:00:00Z');
const nowSeconds = now.getTime() / 1000;
const claims = { sub: 'w', aud: 'fleet', exp: nowSeconds + 60 };
const expected = { typ: 'wrt+jwt', audience: 'fleet', now };
const token = signJwt('wrt+jwt', claims, key);

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function forge(header: unknown, body: unknown, by: KeyObject = key): string {
  const signed = `${encode(header)}.${encode(body)}`;
  return `${signed}.${createHmac('sha256', by).update(signed).digest('base64url')}`;
}
const outcome = (text: string, options = expected): string => {
  const verified = verifyJwt(text, key, options);
  return verified.kind === 'verified' ? 'verified' : verified.why;
};

describe('verifyJwt', () => {
  test('verifies what it signed', () => {
    expect(verifyJwt(token, key, expected)).toEqual({ kind: 'verified', claims });
  });

  test('understands the common library, and is understood by it', async () => {
    const theirs = await new SignJWT({ sub: 'w' })
      .setProtectedHeader({ typ: 'wrt+jwt', alg: 'HS256' })
      .setAudience('fleet')
      .setExpirationTime(nowSeconds + 60)
      .sign(key);
    expect(outcome(theirs)).toBe('verified');
    const { payload } = await jwtVerify(token, key, {
      audience: 'fleet',
      typ: 'wrt+jwt',
      currentDate: now,
    });
    expect(payload).toEqual(claims);
  });

  test.each([
    ['no algorithm', forge({ alg: 'none', typ: 'wrt+jwt' }, claims), 'wrong_type'],
    ['no signature', `${encode({ alg: 'none', typ: 'wrt+jwt' })}.${encode(claims)}.`, 'forged'],
    ['another algorithm', forge({ alg: 'HS512', typ: 'wrt+jwt' }, claims), 'wrong_type'],
    ['the algorithm in lower case', forge({ alg: 'hs256', typ: 'wrt+jwt' }, claims), 'wrong_type'],
    ['another type', forge({ alg: 'HS256', typ: 'JWT' }, claims), 'wrong_type'],
    ['no type', forge({ alg: 'HS256' }, claims), 'wrong_type'],
    [
      'critical extensions',
      forge({ alg: 'HS256', typ: 'wrt+jwt', crit: ['b64'] }, claims),
      'malformed',
    ],
    ['another audience', signJwt('wrt+jwt', { ...claims, aud: 'console' }, key), 'wrong_audience'],
    [
      'a list as audience',
      forge({ alg: 'HS256', typ: 'wrt+jwt' }, { ...claims, aud: ['fleet', 'x'] }),
      'wrong_audience',
    ],
    ['no audience', forge({ alg: 'HS256', typ: 'wrt+jwt' }, { exp: claims.exp }), 'wrong_audience'],
    ['no expiry', forge({ alg: 'HS256', typ: 'wrt+jwt' }, { aud: 'fleet' }), 'malformed'],
    [
      'an expiry in words',
      forge({ alg: 'HS256', typ: 'wrt+jwt' }, { ...claims, exp: '9999999999' }),
      'malformed',
    ],
    ['claims that are no object', forge({ alg: 'HS256', typ: 'wrt+jwt' }, ['fleet']), 'malformed'],
    [
      'another key',
      forge({ alg: 'HS256', typ: 'wrt+jwt' }, claims, generateKeySync('hmac', { length: 256 })),
      'forged',
    ],
    ['four parts', `${token}.x`, 'malformed'],
    ['two parts', token.slice(0, token.lastIndexOf('.')), 'malformed'],
  ])('refuses %s', (_, text, why) => {
    expect(outcome(text)).toBe(why);
  });

  test.each([
    [59, 0, 'verified'],
    [60, 0, 'expired'],
    [60, 5, 'verified'],
    [65, 5, 'expired'],
  ])('%d s later, with %d s of leeway, it is %s', (seconds, leewaySeconds, result) => {
    const later = { ...expected, now: new Date(now.getTime() + seconds * 1000), leewaySeconds };
    expect(outcome(token, later)).toBe(result);
  });

  test('is not valid before its time', () => {
    const early = signJwt('wrt+jwt', { ...claims, nbf: nowSeconds + 1 }, key);
    expect(outcome(early)).toBe('early');
    expect(outcome(signJwt('wrt+jwt', { ...claims, nbf: nowSeconds }, key))).toBe('verified');
  });

  test('a change of any letter or of the length is refused', () => {
    for (let index = 0; index < token.length; index += 1) {
      for (const letter of 'AaZz09_-.=') {
        const tampered = token.slice(0, index) + letter + token.slice(index + 1);
        if (tampered !== token) expect(outcome(tampered)).not.toBe('verified');
      }
      expect(outcome(token.slice(0, index))).not.toBe('verified');
    }
  });

  test('any text is refused without an error', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (...parts) => {
        expect(outcome(parts.join('.'))).not.toBe('verified');
      }),
    );
  });

  test('claims come back as they were', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (more) => {
        const wanted = JSON.parse(JSON.stringify({ ...more, ...claims })) as typeof claims;
        expect(verifyJwt(signJwt('wrt+jwt', wanted, key), key, expected)).toEqual({
          kind: 'verified',
          claims: wanted,
        });
      }),
    );
  });
});
