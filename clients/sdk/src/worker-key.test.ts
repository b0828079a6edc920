import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { proveWorker } from './prove-worker.ts';
import { forgetWorkerKey, keepWorkerKey, makeWorkerKey, workerKeyFile } from './worker-key.ts';

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sagewai-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return workerKeyFile(join(folder, 'workers', 'w-1234.json'));
}

test('is made once, for its owner alone, until it is forgotten', () => {
  const file = place();
  const made = keepWorkerKey(file);
  expect(keepWorkerKey(file)).toEqual(made);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(file, '..'))).toEqual(['w-1234.key']);
  forgetWorkerKey(file);
  expect(keepWorkerKey(file)).not.toEqual(made);
});

test('a file that holds no such key is not replaced', () => {
  const file = place();
  keepWorkerKey(file);
  writeFileSync(file, 'torn');
  expect(() => keepWorkerKey(file)).toThrow(/holds no Ed25519 key; remove it/);
});

test('proves one request with one credential, once', () => {
  const key = makeWorkerKey();
  const proof = {
    endpoint: 'fleet.heartbeat',
    credential: 'wrt-1.x',
    id: 'i',
    generation: 3,
  } as const;
  const [head = '', claims = '', signature = ''] = proveWorker(key, proof)['x-worker-proof'].split(
    '.',
  );
  const decoded = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString());
  expect(decoded(head)).toEqual({ alg: 'EdDSA', typ: 'worker-proof+jwt' });
  expect(decoded(claims)).toEqual({
    htm: 'POST',
    htu: '/api/v1/fleet/heartbeat',
    // The SHA-256 of `wrt-1.x`.
    ath: '0kfRl1_vsnK1nEpDnzel4xFwHSSRZjRwpu2G1Gicdsg',
    iat: expect.any(Number),
    jti: 'i',
    gen: 3,
  });
  const publicKey = createPublicKey({ format: 'jwk', key: { ...key.publicKey } });
  const bytes = Buffer.from(signature, 'base64url');
  expect(verify(null, Buffer.from(`${head}.${claims}`), publicKey, bytes)).toBe(true);
});
