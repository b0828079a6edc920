import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';

import { selfSign } from '@sagewai/certificate';
import { endpoint } from '@sagewai/wire';
import { Type } from 'typebox';
import { describe, expect, onTestFinished, test } from 'vitest';

import { createFixture } from './app-fixture.ts';
import { implementOwn } from './route.ts';
import { readServerCertificate, type ServerCertificate } from './tls.ts';

const health = endpoint({
  id: 'things.health',
  method: 'GET',
  path: '/health',
  surface: 'own',
  summary: 'Lives',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({ ok: Type.Boolean() }),
});
const healthy = implementOwn(health, async () => ({ ok: true }));

function made(commonName: string): ServerCertificate {
  const notAfter = new Date(Date.now() + 86_400_000);
  const { certificate: cert, key } = selfSign({
    key: generateKeyPairSync('ed25519').privateKey,
    commonName,
    names: ['localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter,
  });
  return { cert, key, expiresAt: notAfter };
}

/** Whose certificate was shown, and what was answered. */
function ask(port: number, ca: string): Promise<{ subject: string; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', servername: 'localhost', port, path: '/health', ca, agent: false },
      (response) => {
        const subject = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ subject: String(subject), body }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

describe('HTTPS', () => {
  test('is served, and a replaced certificate is shown to the next connection', async () => {
    const [first, second] = [made('first'), made('second')];
    const { app } = createFixture([healthy], { certificate: first });
    onTestFinished(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(url).toMatch(/^https:/);
    const port = Number(new URL(url).port);

    expect(await ask(port, first.cert)).toEqual({ subject: 'first', body: '{"ok":true}' });
    app.replaceCertificate(second);
    expect((await ask(port, second.cert)).subject).toBe('second');
    await expect(ask(port, first.cert)).rejects.toThrow(/self-signed certificate/);
  });

  test('plain HTTP has no certificate to replace', () => {
    const { app } = createFixture([healthy]);
    expect(() => app.replaceCertificate(made('any'))).toThrow(/plain HTTP/);
  });
});

describe('the files of a certificate', () => {
  async function files(
    cert: string | null,
    key: string,
  ): Promise<{ certFile: string; keyFile: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const found = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    if (cert !== null) await writeFile(found.certFile, cert);
    await writeFile(found.keyFile, key);
    return found;
  }

  test('are read together', async () => {
    const { cert, key, expiresAt } = made('good');
    const read = await readServerCertificate(await files(cert, key));
    expect({ cert: read.cert, key: read.key }).toEqual({ cert, key });
    expect(Math.abs(read.expiresAt.getTime() - expiresAt.getTime())).toBeLessThan(1000);
  });

  const [one, other] = [made('one'), made('other')];
  test.each([
    ['a missing one', null, one.key, /cert.pem: there is no such file/],
    ['text that is no certificate', 'nonsense', one.key, /cert.pem: expected a PEM certificate/],
    ['text that is no key', one.cert, 'nonsense', /key.pem: expected a PEM private key/],
    ['the key of another', one.cert, other.key, /key.pem: is not the key of the certificate/],
  ])('are refused by name: %s', async (_what, cert, key, expected) => {
    await expect(readServerCertificate(await files(cert, key))).rejects.toThrow(expected);
  });
});
