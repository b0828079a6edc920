import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { selfSign, thumbprintOf } from '@sagewai/certificate';
import { createClient } from '@sagewai/sdk';
import { makeWorkerKey } from '@sagewai/sdk/node';
import { expect, onTestFinished, test } from 'vitest';

import { startHeartbeat } from './heartbeat.ts';
import { withKey } from './own-key.ts';
import type { Session } from './session.ts';

const ANSWER = { ok: true, status: 'approved', session_epoch: 1, cancel: [], lost: [] };

/** A server that asks for a certificate; tells whose it was shown with each request. */
async function mutualServer(): Promise<{
  url: string;
  ca: string;
  shown: string[];
  readonly next: () => Promise<void>;
}> {
  const { certificate: ca, key } = selfSign({
    key: generateKeyPairSync('ed25519').privateKey,
    commonName: 'server',
    names: ['127.0.0.1'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
  });
  const shown: string[] = [];
  let arrived = Promise.withResolvers<void>();
  const tls = { cert: ca, key, requestCert: true, rejectUnauthorized: false };
  const server = createServer(tls, (request, response) => {
    const { raw } = (request.socket as TLSSocket).getPeerCertificate();
    shown.push(
      raw === undefined ? 'nobody' : String(thumbprintOf(new X509Certificate(raw).publicKey)),
    );
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...ANSWER, heartbeat_interval_ms: 30_000 }));
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, ca, shown, next: () => arrived.promise };
}

test.each([true, false])(
  'with mtls %s, both threads show a certificate of the key, or none',
  async (mtls) => {
    const { url, ca, shown, next } = await mutualServer();
    const key = makeWorkerKey();
    const name = 'a name that is longer than a common name may be, which is sixty-four';
    const { send, serverTls } = withKey(key, { name, mtls, serverTls: { ca } });
    await createClient({ url, send }).call('fleet.heartbeat', { body: {} });
    const session = {
      workerId: 'w',
      status: 'approved',
      heartbeatIntervalMs: 30_000,
      token: () => 'wrt-1.x',
      renewing: null,
    } as unknown as Session;
    const arrived = next();
    const heartbeat = startHeartbeat(session, { url, serverTls }, () => undefined);
    onTestFinished(() => heartbeat.stop());
    await arrived;
    const publicKey = createPublicKey({ format: 'jwk', key: { ...key.publicKey } });
    const whose = mtls ? thumbprintOf(publicKey) : 'nobody';
    expect(shown).toEqual([whose, whose]);
  },
);
