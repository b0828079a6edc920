import { createVerify, generateKeyPairSync } from 'node:crypto';

import { Secret } from '@sagewai/config';
import { Pool } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type FakeUpstream, startFakeUpstream } from '../gateway-fixture.ts';
import { createGoogleTokens } from './google-tokens.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const UNSIGNED = { method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0) } as const;

let upstream: FakeUpstream;
let connections: Pool;
let nowMs = 1_800_000_000_000;
let given = 0;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  connections = new Pool(new URL(upstream.url).origin);
});
afterAll(async () => {
  await connections.destroy();
  await upstream.close();
});
beforeEach(() => {
  upstream.asked.length = 0;
  given = 0;
  upstream.answer = (_, reply) => {
    given++;
    reply.end(JSON.stringify({ access_token: `t${given}`, expires_in: 3_600 }));
  };
});

function tokens() {
  return createGoogleTokens(
    {
      email: 'a@house.example',
      key: new Secret(privateKey),
      keyId: 'k1',
      tokenUrl: `${new URL(upstream.url).origin}/token?x=1`,
    },
    { connections, now: () => nowMs },
  );
}

describe('tokens of a service account', () => {
  test('are asked for with a statement that its key signed', async () => {
    expect(await tokens()(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
    const [asked] = upstream.asked;
    expect(asked?.url).toBe('/token?x=1');
    const form = new URLSearchParams(asked?.body.toString());
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const open = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(open(head)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
    expect(open(claims)).toEqual({
      iss: 'a@house.example',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: `${new URL(upstream.url).origin}/token?x=1`,
      iat: nowMs / 1_000,
      exp: nowMs / 1_000 + 3_600,
    });
    const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`);
    expect(verify.verify(publicKey, signature, 'base64url')).toBe(true);
  });

  test('are fetched once however many wait, and kept', async () => {
    const authorize = tokens();
    const all = await Promise.all(Array.from({ length: 20 }, async () => authorize(UNSIGNED)));
    expect(new Set(all.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer t1']));
    // Not even a promise.
    expect(authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
    expect(given).toBe(1);
  });

  test('are renewed before they end, while the old one is used, and never used in their last minute', async () => {
    const authorize = tokens();
    await authorize(UNSIGNED);
    nowMs += 3_400_000;
    expect(authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
    expect(authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
    await expect.poll(() => authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t2' });
    expect(given).toBe(2);
    nowMs += 3_550_000;
    expect(await authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t3' });
  });

  test('that are refused are asked for again by the next, and nothing of the words is told', async () => {
    const authorize = tokens();
    const well = upstream.answer;
    upstream.answer = (_, reply) => void reply.writeHead(400).end('{"error":"assertion x.y.z"}');
    await expect(authorize(UNSIGNED)).rejects.toThrow(
      /^the token URL of a@house\.example answered 400$/,
    );
    upstream.answer = (_, reply) => void reply.end('{"access_token":"a\\r\\nb","expires_in":9}');
    await expect(authorize(UNSIGNED)).rejects.toThrow(/gave no token/);
    // What JavaScript says of broken JSON quotes it.
    upstream.answer = (_, reply) => void reply.end('{"access_token":ya29.secret}');
    await expect(authorize(UNSIGNED)).rejects.toThrow(
      /^the token URL of a@house\.example gave no token$/,
    );
    upstream.answer = well;
    expect(await authorize(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
  });
});
