import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';

import { createAuthenticator, type RequestHead } from '@sagewai/http';
import { makeTenant } from '@sagewai/testing';
import { claimRuns } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { FixtureKey, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { CLAIM, register, SESSIONS } from './identity-fixture.ts';
import { mintWorkerToken, readWorkerToken, type WorkerClaims } from './worker-token.ts';

const signing = createSecretKey(randomBytes(32));

/** The same token, signed by the server as well, that says something else. */
function again(token: string, changed: Partial<WorkerClaims>): string {
  const read = readWorkerToken(signing, token, new Date());
  if (read.kind !== 'valid') throw new Error(`the token is ${read.kind}`);
  return mintWorkerToken(signing, { ...read.claims, ...changed });
}
const claim = { poll_timeout: 0, slots: 1 };

describe('a token', () => {
  test('of another key pair than its worker has is refused, whoever signed it', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ key: signing });
    const { token } = workerOf((await register(replica, new FixtureKey())).body);
    expect((await replica.call('POST', CLAIM, { as: again(token, {}), body: claim })).status).toBe(
      200,
    );
    const other = again(token, { binding: { thumbprint: 'x'.repeat(43), generation: 1n } });
    expect(await replica.call('POST', CLAIM, { as: other, body: claim })).toMatchObject({
      status: 401,
      body: { detail: 'The worker token is bound to another key pair.' },
    });
  });

  test('of another organization than its worker is of is refused, whoever signed it', async ({
    replicaWith,
    db,
  }) => {
    const replica = replicaWith({ key: signing });
    const { token } = await replica.worker();
    const { orgId } = await makeTenant(db);
    const answer = await replica.call('POST', CLAIM, { as: again(token, { orgId }), body: claim });
    expect(answer.status).toBe(401);
  });

  test('gives no scope that its worker has not', async ({ replica }) => {
    const { body: issued } = await replica.call('POST', '/api/v1/fleet/tokens', {
      as: 'admin',
      body: { name: 'watchers', scopes: ['heartbeat'] },
    });
    const { id } = workerOf(
      (
        await replica.call('POST', '/api/v1/fleet/register', {
          as: { 'x-enrollment-key': String(issued['token']) },
          body: {},
        })
      ).body,
    );
    const { body: more } = await replica.call('POST', `/api/v1/fleet/workers/${id}/tokens`, {
      as: 'admin',
      body: { scopes: ['claim', 'heartbeat'] },
    });
    const as = String(more['token']);
    expect((await replica.call('POST', SESSIONS, { as })).status).toBe(201);
    expect(await replica.call('POST', CLAIM, { as, body: claim })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('"claim"') },
    });
  });
});

test('where a connection shows a certificate, it must be of the key of the worker', async ({
  replica,
}) => {
  const { token } = workerOf((await register(replica, new FixtureKey())).body);
  const authenticate = createAuthenticator(replica.fleet.credentialReaders);
  const shown = (peerThumbprint: string | null | undefined) =>
    authenticate({
      id: randomUUID(),
      ip: '127.0.0.1',
      headers: { authorization: `Bearer ${token}` },
      peerThumbprint,
      isTls: peerThumbprint !== undefined,
      url: CLAIM,
      endpoint: claimRuns,
      signal: new AbortController().signal,
      draining: new AbortController().signal,
    } satisfies RequestHead);
  const [, claims = ''] = token.slice('wrt-1.'.length).split('.');
  const { cnf } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    cnf: { jkt: string };
  };
  expect(await shown(undefined)).toMatchObject({ kind: 'worker' });
  expect(await shown(cnf.jkt)).toMatchObject({ kind: 'worker' });
  for (const other of [null, 'x'.repeat(43)]) {
    await expect(async () => shown(other)).rejects.toMatchObject({ code: 'caller.unknown' });
  }
});
