import { Secret } from '@sagewai/config';
import { Pool } from 'undici';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { type FakeUpstream, startFakeUpstream } from '../gateway-fixture.ts';
import type { AwsRole } from './authorization.ts';
import { authorizeFor } from './authorize-for.ts';
import { signRequest } from './sign-request.ts';

const UNSIGNED = { method: 'POST', path: '/', headers: {}, body: Buffer.from('{}') } as const;
const KEYS = {
  accessKeyId: 'AKID',
  secretAccessKey: new Secret('aws-secret'),
  sessionToken: undefined,
};

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
});

const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
const endpoint = {
  provider: 'bedrock',
  baseUrl: 'https://bedrock.example',
  credential: null,
} as const;

test('a client of Entra ID asks for one token however many wait, and for the next before it ends', async () => {
  upstream.answer = (_, reply) => {
    given++;
    reply.end(JSON.stringify({ access_token: `t${given}`, expires_in: '3600' }));
  };
  const authorize = authorizeFor(
    {
      ...endpoint,
      provider: 'azure',
      authorization: {
        kind: 'entra',
        clientId: 'c-1',
        secret: new Secret('entra-secret'),
        scope: 'https://scope.example/.default',
        tokenUrl: `${new URL(upstream.url).origin}/t/oauth2/v2.0/token`,
      },
    },
    { poolOf: () => connections, clock },
  );
  const all = await Promise.all(Array.from({ length: 20 }, async () => authorize?.(UNSIGNED)));
  expect(new Set(all.map((each) => each?.['authorization']))).toEqual(new Set(['Bearer t1']));
  expect(given).toBe(1);
  expect(Object.fromEntries(new URLSearchParams(upstream.asked[0]?.body.toString()))).toEqual({
    grant_type: 'client_credentials',
    client_id: 'c-1',
    client_secret: 'entra-secret',
    scope: 'https://scope.example/.default',
  });
  nowMs += 3_400_000;
  expect(authorize?.(UNSIGNED)).toEqual({ authorization: 'Bearer t1' });
  await expect.poll(() => authorize?.(UNSIGNED)).toEqual({ authorization: 'Bearer t2' });
  // What it refuses is told without its words, which may quote the secret (M6).
  upstream.answer = (_, reply) => void reply.writeHead(401).end('{"error":"entra-secret"}');
  nowMs += 7_200_000;
  await expect(authorize?.(UNSIGNED)).rejects.toThrow(
    /^the token URL of the client c-1 answered 401$/,
  );
});

function role(by: AwsRole['by']): AwsRole {
  return {
    arn: 'arn:aws:iam::123456789012:role/models',
    sessionName: 'sagewai',
    externalId: 'x-1',
    region: 'eu-west-1',
    stsUrl: `${new URL(upstream.url).origin}/sts`,
    by,
  };
}

const authorizeBy = (by: AwsRole['by']) =>
  authorizeFor(
    { ...endpoint, authorization: { kind: 'aws', region: 'eu-west-1', keys: role(by) } },
    { poolOf: () => connections, clock },
  );

function answerKeys(lifeMs: number): void {
  upstream.answer = (_, reply) => {
    given++;
    const ends = new Date(nowMs + lifeMs).toISOString();
    reply.end(
      `<R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Credentials><AccessKeyId>ASIA${given}</AccessKeyId>` +
        `<SecretAccessKey>s/${given}</SecretAccessKey><SessionToken>t${given}==</SessionToken>` +
        `<Expiration>${ends}</Expiration></Credentials></R>`,
    );
  };
}

test('a role is taken on with a signed request, and its keys sign what is sent until they end', async () => {
  answerKeys(3_600_000);
  const authorize = authorizeBy({ kind: 'keys', keys: KEYS });
  const signed = await authorize?.(UNSIGNED);
  expect(signed?.['x-amz-security-token']).toBe('t1==');
  expect(signed?.['authorization']).toMatch(/Credential=ASIA1\/\d{8}\/eu-west-1\/bedrock\//);
  const [asked] = upstream.asked;
  const form = new URLSearchParams(asked?.body.toString());
  expect(Object.fromEntries(form)).toEqual({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::123456789012:role/models',
    RoleSessionName: 'sagewai',
    ExternalId: 'x-1',
  });
  const {
    host = '',
    'content-type': type = '',
    'x-amz-date': date = '',
  } = (asked?.headers ?? {}) as Record<string, string>;
  expect(asked?.headers.authorization).toBe(
    signRequest(
      {
        method: 'POST',
        path: '/sts',
        headers: { host, 'content-type': type, 'x-amz-date': date },
        body: asked?.body ?? Buffer.alloc(0),
      },
      { keys: KEYS, region: 'eu-west-1', service: 'sts', at: new Date(nowMs) },
    ),
  );
  // Used by all until they end; none of it in the last minute.
  expect(authorize?.(UNSIGNED)).toMatchObject({ 'x-amz-security-token': 't1==' });
  nowMs += 3_550_000;
  expect(await authorize?.(UNSIGNED)).toMatchObject({ 'x-amz-security-token': 't2==' });
  expect(given).toBe(2);
});

test('a web identity is read anew each time, sent unsigned, and quoted nowhere', async () => {
  answerKeys(0);
  let token: string | undefined = 'a.b.c';
  const authorize = authorizeBy({ kind: 'token', read: () => token });
  await authorize?.(UNSIGNED);
  token = 'd.e.f';
  await authorize?.(UNSIGNED);
  const forms = upstream.asked.map(({ body }) => new URLSearchParams(body.toString()));
  expect(forms.map((form) => form.get('WebIdentityToken'))).toEqual(['a.b.c', 'd.e.f']);
  expect(forms[0]?.get('Action')).toBe('AssumeRoleWithWebIdentity');
  expect(upstream.asked[0]?.headers.authorization).toBeUndefined();
  token = undefined;
  await expect(authorize?.(UNSIGNED)).rejects.toThrow(/web identity of arn.* cannot be read$/);
  token = 'd.e.f';
  upstream.answer = (_, reply) => void reply.end('<SecretAccessKey>s</SecretAccessKey> d.e.f');
  await expect(authorize?.(UNSIGNED)).rejects.toThrow(/role\/models gave no keys$/);
});
