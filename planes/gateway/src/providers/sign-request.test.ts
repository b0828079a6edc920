import { Secret } from '@sagewai/config';
import { describe, expect, test } from 'vitest';

import { signRequest } from './sign-request.ts';

// Of Amazon's own suite of tests for its signature; nobody's keys.
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
  sessionToken: undefined,
};
const NOTHING = Buffer.alloc(0);
const OLD = { keys, region: 'us-east-1', service: 'host', at: new Date('2011-09-09T23:36:00Z') };
const NEW = { keys, region: 'us-east-1', service: 'service', at: new Date('2015-08-30T12:36:00Z') };

describe("a signature is the one of Amazon's own examples", () => {
  test.each([
    ['GET', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['POST', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ])('of %s without anything', (method, signature) => {
    const headers = { 'x-amz-date': '20150830T123600Z', host: 'example.amazonaws.com' };
    expect(signRequest({ method, path: '/', headers, body: NOTHING }, NEW)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    );
  });

  test('of a path that is encoded, and is encoded again', () => {
    const headers = { date: 'Mon, 09 Sep 2011 23:36:00 GMT', host: 'host.foo.com' };
    const parts = { method: 'GET', path: '/%E1%88%B4', headers, body: NOTHING };
    expect(signRequest(parts, OLD)).toContain(
      'Signature=57b1eb3df3b16a8479c0097b66c0b261cfd65b829419a3f2c3d05319722490b8',
    );
  });

  test('of a query, in its order', () => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      host: 'iam.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
    };
    const path = '/?Version=2010-05-08&Action=ListUsers';
    const signed = signRequest(
      { method: 'GET', path, headers, body: NOTHING },
      { ...NEW, service: 'iam' },
    );
    expect(signed).toContain(
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  test('and another for each byte of the body', () => {
    const sign = (body: string): string =>
      signRequest(
        { method: 'POST', path: '/', headers: { host: 'h' }, body: Buffer.from(body) },
        NEW,
      );
    expect(sign('{"a":1}')).not.toBe(sign('{"a":2}'));
    expect(sign('{"a":1}')).toBe(sign('{"a":1}'));
  });
});
