import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

import { selfSign } from '@sagewai/certificate';
import { expect, onTestFinished, test } from 'vitest';

import { startTestEdge } from './edge-fixture.ts';

function made(commonName: string): { readonly certificate: string; readonly key: string } {
  return selfSign({
    key: generateKeyPairSync('ed25519').privateKey,
    commonName,
    names: ['localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
  });
}

function shownAt(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const port = Number(new URL(address).port);
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('HTTPS is served, and a certificate that was renewed is shown without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edge-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = async (name: string): Promise<void> => {
    const { certificate, key } = made(name);
    await writeFile(files.cert, certificate);
    await writeFile(files.key, key);
  };
  await write('first');
  const { address } = await startTestEdge({
    SAGE_EDGE_NO_LLM: 'true',
    SAGE_EDGE_TLS_CERT_FILE: files.cert,
    SAGE_EDGE_TLS_KEY_FILE: files.key,
    SAGE_EDGE_TLS_RELOAD_INTERVAL: '50ms',
  });
  expect(address.startsWith('https://')).toBe(true);
  expect(await shownAt(address)).toBe('first');
  await write('second');
  while ((await shownAt(address)) !== 'second') await new Promise((done) => setTimeout(done, 20));
  await expect(
    startTestEdge({ SAGE_EDGE_NO_LLM: 'true', SAGE_EDGE_TLS_CERT_FILE: files.cert }),
  ).rejects.toThrow('expected both, or neither');
});
