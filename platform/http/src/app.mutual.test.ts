import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request } from 'node:https';

import { selfSign, thumbprintOf } from '@sagewai/certificate';
import { endpoint } from '@sagewai/wire';
import { Type } from 'typebox';
import { expect, onTestFinished, test } from 'vitest';

import { createFixture } from './app-fixture.ts';
import { implementOwn } from './route.ts';
import type { ServerCertificate } from './tls.ts';

const whoShows = endpoint({
  id: 'things.shows',
  method: 'GET',
  path: '/shows',
  surface: 'own',
  summary: 'Tells which key the connection proved',
  permission: 'public',
  audit: 'read',
  output: Type.Object({ peer: Type.String() }),
});
const tells = implementOwn(whoShows, async ({ request: head }) => ({
  peer: String(head.peerThumbprint),
}));

interface Pair {
  readonly key: KeyObject;
  readonly certificate: ServerCertificate;
}

function pair(): Pair {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const notAfter = new Date(Date.now() + 86_400_000);
  const { certificate: cert, key: pem } = selfSign({
    key,
    commonName: 'any',
    names: ['localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter,
  });
  return { key, certificate: { cert, key: pem, expiresAt: notAfter } };
}

function ask(port: number, ca: string, shown: ServerCertificate | null): Promise<string> {
  const own = shown === null ? {} : { cert: shown.cert, key: shown.key };
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        path: '/shows',
        ca,
        agent: false,
        ...own,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve((JSON.parse(body) as { peer: string }).peer));
      },
    )
      .on('error', reject)
      .end();
  });
}

test('a listener that asks for certificates tells whose key was proved; the other one asks nobody', async () => {
  const [ours, theirs] = [pair(), pair()];
  const { app } = createFixture([tells], { certificate: ours.certificate });
  onTestFinished(() => app.close());
  const plain = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  const mutual = Number(new URL(await app.listenMutual({ host: '127.0.0.1', port: 0 })).port);
  const ca = ours.certificate.cert;

  const thumbprint = thumbprintOf(createPublicKey(theirs.key));
  expect(await ask(mutual, ca, theirs.certificate)).toBe(thumbprint);
  expect(await ask(mutual, ca, null)).toBe('null');
  expect(await ask(plain, ca, theirs.certificate)).toBe('undefined');
});
