import { expect, test } from 'vitest';

import { escapeStrictly, queryText, signV4, type Unsigned } from './sign-v4.ts';

// The worked examples of "Signature Calculations for the Authorization Header" in the S3 reference of AWS.
const key = {
  id: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
  region: 'us-east-1',
};
const now = new Date('2013-05-24T00:00:00Z');
const host = 'examplebucket.s3.amazonaws.com';
const signatureOf = (of: Partial<Unsigned>): string => {
  const request = { method: 'GET', path: '/', query: {}, body: null, headers: {}, ...of };
  const signed = signV4({ ...request, headers: { host, ...of.headers } }, key, now);
  return /Signature=(\w+)$/.exec(signed['authorization'] ?? '')?.[1] ?? '';
};

test('an object is got', () => {
  expect(signatureOf({ path: '/test.txt', headers: { range: 'bytes=0-9' } })).toBe(
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
});

test('an object is put', () => {
  const put = {
    method: 'PUT',
    path: `/${escapeStrictly('test$file.text')}`,
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    body: Buffer.from('Welcome to Amazon S3.'),
  };
  expect(signatureOf(put)).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

test('a parameter without a value', () => {
  expect(signatureOf({ query: { lifecycle: '' } })).toBe(
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  );
});

test('objects are listed', () => {
  expect(signatureOf({ query: { prefix: 'J', 'max-keys': '2' } })).toBe(
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

test('temporary credentials are signed with their token', () => {
  const request = { method: 'GET', path: '/', query: {}, body: null, headers: { host } };
  const signed = signV4(request, { ...key, sessionToken: 'of-a-session' }, now);
  expect(signed['x-amz-security-token']).toBe('of-a-session');
  expect(signed['authorization']).toContain(';x-amz-security-token,');
});

test('a query is in one order, and everything that has a meaning is escaped', () => {
  expect(queryText({ b: "a b/c'(*)!", a: '~x' })).toBe('a=~x&b=a%20b%2Fc%27%28%2A%29%21');
});
