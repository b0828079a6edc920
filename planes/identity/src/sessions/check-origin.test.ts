import { describe, expect, test } from 'vitest';

import { findForgery, originOf } from './check-origin.ts';
import { clearCookie, findCookie, writeCookie } from './cookie.ts';

const origin = 'https://sagewai.test';
const own = { 'x-sagewai-csrf': '1' };

describe('a request with a cookie (A9)', () => {
  test('may read without more', () => {
    expect(
      findForgery({ method: 'GET', headers: { origin: 'https://evil.test' } }, origin),
    ).toBeNull();
  });

  test.each([
    ['from our own page', { ...own, origin }],
    ['from our own page, as browsers say', { ...own, origin, 'sec-fetch-site': 'same-origin' }],
    ['from no page', own],
  ])('may change something %s', (_, headers) => {
    expect(findForgery({ method: 'POST', headers }, origin)).toBeNull();
  });

  test.each([
    ['without the header', { origin }, /header/],
    ['from another origin', { ...own, origin: 'https://evil.test' }, /origin/],
    ['from the same host by plain HTTP', { ...own, origin: 'http://sagewai.test' }, /origin/],
    ['from a page that hides where it is', { ...own, origin: 'null' }, /origin/],
    ['from a neighbour', { ...own, 'sec-fetch-site': 'same-site' }, /site/],
  ])('may not %s', (_, headers, why) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(findForgery({ method, headers }, origin)).toMatch(why);
    }
  });

  test('is held against the configured address, else its own', () => {
    const headers = { host: 'Localhost:8000' };
    expect(originOf(headers, { publicUrl: null, isTls: false })).toBe('http://localhost:8000');
    expect(originOf(headers, { publicUrl: 'https://Sagewai.test/', isTls: false })).toBe(origin);
  });
});

describe('the cookie', () => {
  test('is locked to the host over HTTPS, and no script reads it', () => {
    expect(writeCookie('ses-1', { isSecure: true, maxAgeMs: 60_000 })).toBe(
      '__Host-sagewai_session=ses-1; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Strict',
    );
    expect(clearCookie(false)).toBe(
      'sagewai_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
    );
  });

  test('is found among others; over HTTPS only the one that no neighbour can set', () => {
    const of = (cookie: string, isSecure: boolean) =>
      findCookie({ headers: { cookie } }, { isSecure });
    const both = 'a=1; sagewai_session=ses-1; __Host-sagewai_session=ses-2; b=2';
    expect([of(both, false), of(both, true)]).toEqual(['ses-1', 'ses-2']);
    expect(of('sagewai_session=ses-1', true)).toBeNull();
    expect(of('xsagewai_session=ses-1', false)).toBeNull();
    expect(findCookie({ headers: {} }, { isSecure: false })).toBeNull();
  });
});
