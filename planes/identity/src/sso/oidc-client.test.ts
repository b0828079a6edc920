import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createPublicEgress, type PublicEgress } from '@sagewai/egress';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Browser, type IdentityProvider, startIdentityProvider } from './idp-fixture.ts';
import {
  createOidcClient,
  type LoginChecks,
  type OidcClient,
  type OidcParty,
} from './oidc-client.ts';

const REDIRECT = 'https://sagewai.example/auth/oidc/c1/callback';
const SECRET = 'a secret of the client, long enough for the provider';
const settings = { clockToleranceMs: 30_000, discoveryTtlMs: 600_000 };

const partyOf = (issuer: string, more: Partial<OidcParty> = {}): OidcParty => ({
  id: 'c1',
  issuer,
  clientId: 'sagewai',
  clientSecret: SECRET,
  clientAuthentication: 'basic',
  changedAt: new Date(0),
  ...more,
});
const newChecks = (): LoginChecks => ({
  state: oidc.randomState(),
  nonce: oidc.randomNonce(),
  verifier: oidc.randomPKCECodeVerifier(),
});
const clientFor = (egress: PublicEgress): OidcClient =>
  createOidcClient({ egress, settings, monotonicMs: () => performance.now() });
const egressTo = (...privateHosts: string[]): PublicEgress =>
  createPublicEgress({ privateHosts, timeoutMs: 10_000 });

describe('with a real provider', () => {
  let idp: IdentityProvider;
  let client: OidcClient;
  beforeAll(async () => {
    idp = await startIdentityProvider();
    await idp.control({
      account: {
        sub: 'ada',
        email: 'ada@acme.example',
        email_verified: true,
        name: 'Ada',
        groups: ['dev'],
      },
      clients: [
        {
          client_id: 'sagewai',
          client_secret: SECRET,
          redirect_uris: [REDIRECT],
          post_logout_redirect_uris: ['https://sagewai.example/'],
        },
      ],
    });
    client = clientFor(egressTo(idp.host));
  });
  afterAll(() => idp.stop());

  /** Signs in at the provider; returns where the browser is sent back to. */
  const signIn = async (checks: LoginChecks): Promise<URL> => {
    const url = await client.authorizationUrl(partyOf(idp.issuer), {
      ...checks,
      redirectUri: REDIRECT,
      scopes: ['openid', 'email', 'profile', 'groups'],
    });
    const back = await new Browser().follow(url, ({ origin }) => origin !== idp.issuer);
    return new URL(back.location ?? '');
  };

  test('a code is redeemed for who signed in, also from the user info', async () => {
    const checks = newChecks();
    const answer = await client.exchange(partyOf(idp.issuer), await signIn(checks), checks);
    expect(answer).toMatchObject({
      kind: 'claims',
      claims: {
        iss: idp.issuer,
        aud: 'sagewai',
        sub: 'ada',
        email: 'ada@acme.example',
        email_verified: true,
        groups: ['dev'],
      },
    });
  });

  test('a code is good once', async () => {
    const checks = newChecks();
    const back = await signIn(checks);
    expect((await client.exchange(partyOf(idp.issuer), back, checks)).kind).toBe('claims');
    expect(await client.exchange(partyOf(idp.issuer), back, checks)).toEqual({
      kind: 'refused',
      why: 'the provider refused with invalid_grant',
    });
  });

  test('a code is good for the state, nonce and verifier that it was asked with', async () => {
    const other = newChecks();
    for (const wrong of ['state', 'nonce', 'verifier'] as const) {
      const checks = newChecks();
      const back = await signIn(checks);
      const mixed = { ...checks, [wrong]: other[wrong] };
      expect((await client.exchange(partyOf(idp.issuer), back, mixed)).kind).toBe('refused');
    }
  });

  test('another secret of the client is refused', async () => {
    const checks = newChecks();
    const party = partyOf(idp.issuer, {
      id: 'c2',
      clientSecret: 'another secret altogether, of length',
    });
    expect(await client.exchange(party, await signIn(checks), checks)).toEqual({
      kind: 'refused',
      why: expect.stringMatching(/refused with (?:invalid_client|status 401)/),
    });
  });

  test('what the provider says instead of a code is told', async () => {
    const checks = newChecks();
    const url = new URL(`${REDIRECT}?error=access_denied&state=${checks.state}&iss=${idp.issuer}`);
    expect(await client.exchange(partyOf(idp.issuer), url, checks)).toEqual({
      kind: 'refused',
      why: 'the provider answered access_denied',
    });
  });

  test('the provider changes its keys, and the next sign-in is verified with the new ones (O3)', async () => {
    const before = newChecks();
    const known = await client.exchange(partyOf(idp.issuer), await signIn(before), before);
    expect(known.kind).toBe('claims');
    await idp.control({ rotate: true });
    const after = newChecks();
    const answer = await client.exchange(partyOf(idp.issuer), await signIn(after), after);
    expect(answer).toMatchObject({ kind: 'claims', claims: { sub: 'ada' } });
  });

  test('the provider has a place to sign out at', async () => {
    const url = await client.endSessionUrl(partyOf(idp.issuer), {
      idToken: 'x.y.z',
      returnTo: 'https://sagewai.example/',
    });
    expect(url?.href).toContain(`${idp.issuer}/session/end?`);
    expect(url?.searchParams.get('post_logout_redirect_uri')).toBe('https://sagewai.example/');
  });

  test('it is read, and refused when the operator has not named a host inside', async () => {
    expect(await client.describe(partyOf(idp.issuer))).toMatchObject({ issuer: idp.issuer });
    await expect(clientFor(egressTo()).describe(partyOf(idp.issuer))).rejects.toMatchObject({
      code: 'upstream.refused',
      detail: expect.stringContaining('plain HTTP is for hosts that the operator has named'),
    });
    const https = partyOf(idp.issuer.replace('http:', 'https:'));
    await expect(clientFor(egressTo()).describe(https)).rejects.toMatchObject({
      detail: expect.stringContaining('is not a public address'),
    });
  });
});

/** A provider that says and signs whatever the test wants. */
describe('with a provider that answers wrongly', () => {
  let server: Server;
  let issuer: string;
  let client: OidcClient;
  let makeToken: (nonce: string) => Promise<string>;
  let metadata: object = {};
  let redirect: string | null = null;
  let asked: string[] = [];
  let own: CryptoKey;

  beforeAll(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    own = pair.privateKey;
    const published = { ...(await exportJWK(pair.publicKey)), kid: 'k1', use: 'sig', alg: 'RS256' };
    server = createServer((request, response) => {
      const { url = '' } = request;
      asked.push(url);
      const answer = (body: unknown): void => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      };
      if (redirect !== null) {
        response.writeHead(302, { location: redirect }).end();
      } else if (url.startsWith('/.well-known/')) {
        answer({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          id_token_signing_alg_values_supported: ['RS256'],
          ...metadata,
        });
      } else if (url === '/jwks') answer({ keys: [published] });
      else {
        void makeToken('').then((idToken) =>
          answer({ access_token: 'a', token_type: 'bearer', id_token: idToken }),
        );
      }
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    issuer = `http://127.0.0.1:${port}`;
    client = clientFor(egressTo(`127.0.0.1:${port}`));
  });
  afterAll(() => server.close());

  const nowS = (): number => Math.floor(Date.now() / 1_000);
  /** Signs these claims, over good ones. */
  const signed = (
    nonce: string,
    {
      claims = {},
      key = own,
      header = {},
    }: { claims?: object; key?: CryptoKey; header?: object } = {},
  ): Promise<string> =>
    new SignJWT({
      iss: issuer,
      aud: 'sagewai',
      sub: 'ada',
      iat: nowS(),
      exp: nowS() + 60,
      nonce,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header })
      .sign(key);

  const exchangeWith = async (
    make: (nonce: string) => Promise<string>,
    more: Partial<OidcParty> = {},
  ): Promise<unknown> => {
    const checks = newChecks();
    makeToken = () => make(checks.nonce);
    const back = new URL(`${REDIRECT}?code=c&state=${checks.state}`);
    const answer = await client.exchange(partyOf(issuer, more), back, checks);
    return answer.kind === 'claims' ? 'taken' : answer.why;
  };

  test('a good token is taken, also from a clock that is a little off', async () => {
    expect(await exchangeWith((nonce) => signed(nonce))).toBe('taken');
    const expired = { exp: nowS() - 20, iat: nowS() - 80 };
    expect(await exchangeWith((nonce) => signed(nonce, { claims: expired }))).toBe('taken');
    const early = { iat: nowS() + 20, nbf: nowS() + 20 };
    expect(await exchangeWith((nonce) => signed(nonce, { claims: early }))).toBe('taken');
  });

  test.each<[string, object]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'somebody-else' }],
    ['several audiences without a party', { aud: ['sagewai', 'other'] }],
    ['another authorized party', { aud: ['sagewai', 'other'], azp: 'other' }],
    ['another nonce', { nonce: 'replayed' }],
    ['no nonce', { nonce: undefined }],
    ['a time that is over', { exp: 1_000, iat: 900 }],
    ['a time that has not come', { nbf: 4_000_000_000 }],
    ['no subject', { sub: undefined }],
  ])('a token with %s is refused (O3)', async (_, claims) => {
    expect(await exchangeWith((nonce) => signed(nonce, { claims }))).not.toBe('taken');
  });

  test('a token that is not signed, or by another key or algorithm, is refused (O3)', async () => {
    const unsigned = (nonce: string): Promise<string> =>
      Promise.resolve(
        new UnsecuredJWT({ iss: issuer, aud: 'sagewai', sub: 'ada', nonce, iat: nowS() })
          .setExpirationTime('1m')
          .encode(),
      );
    expect(await exchangeWith(unsigned)).not.toBe('taken');
    const { privateKey } = await generateKeyPair('RS256');
    expect(await exchangeWith((nonce) => signed(nonce, { key: privateKey }))).not.toBe('taken');
    const stranger = { key: privateKey, header: { kid: 'k2' } };
    expect(await exchangeWith((nonce) => signed(nonce, stranger))).not.toBe('taken');
    // The public key as the secret of an HMAC, as libraries once let pass.
    const hmac = (nonce: string): Promise<string> =>
      new SignJWT({ iss: issuer, aud: 'sagewai', sub: 'ada', nonce, iat: nowS() })
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .setExpirationTime('1m')
        .sign(new TextEncoder().encode(SECRET));
    expect(await exchangeWith(hmac)).not.toBe('taken');
    const tampered = async (nonce: string): Promise<string> => {
      const [head, , signature] = (await signed(nonce)).split('.');
      const [, body] = (await signed(nonce, { claims: { sub: 'root' } })).split('.');
      return [head, body, signature].join('.');
    };
    expect(await exchangeWith(tampered)).not.toBe('taken');
  });

  test('a provider that calls itself otherwise is refused', async () => {
    metadata = { issuer: 'https://evil.example' };
    await expect(client.describe(partyOf(issuer))).rejects.toMatchObject({
      code: 'upstream.refused',
    });
    metadata = {};
  });

  test('no redirect is followed, and endpoints that lead inside are refused', async () => {
    asked = [];
    redirect = `${issuer}/elsewhere`;
    await expect(client.describe(partyOf(issuer))).rejects.toMatchObject({
      code: 'upstream.refused',
    });
    expect(asked).toEqual(['/.well-known/openid-configuration']);
    redirect = null;
    metadata = { token_endpoint: 'http://169.254.169.254/token' };
    const changedAt = new Date(1);
    expect(await exchangeWith((nonce) => signed(nonce), { changedAt })).toMatch(
      /169.254.169.254 may not be called/,
    );
    metadata = {};
  });
});
