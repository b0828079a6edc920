import { generateKeySync } from 'node:crypto';

import { calculateJwkThumbprint } from 'jose';
import { expect, test } from 'vitest';

import {
  deriveSigningKey,
  generateSigningKey,
  importPublicJwk,
  jwkThumbprint,
  publicJwk,
  signBytes,
  verifyBytes,
} from './signing-key.ts';

const { privateKey, publicKey } = generateSigningKey();
const data = Buffer.from('evidence');
const signature = signBytes(privateKey, data);

test('verifies what it signed, also with the key as it travels', () => {
  expect(signature).toHaveLength(64);
  expect(verifyBytes(importPublicJwk(publicJwk(publicKey)), data, signature)).toBe(true);
});

test('a change of any byte of the message or the signature is refused', () => {
  const flipped = (bytes: Buffer, index: number): Buffer => {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    return changed;
  };
  for (let index = 0; index < signature.length; index += 1) {
    expect(verifyBytes(publicKey, data, flipped(signature, index))).toBe(false);
  }
  for (let index = 0; index < data.length; index += 1) {
    expect(verifyBytes(publicKey, flipped(data, index), signature)).toBe(false);
  }
  expect(verifyBytes(publicKey, data, signature.subarray(1))).toBe(false);
  expect(verifyBytes(generateSigningKey().publicKey, data, signature)).toBe(false);
});

test("has RFC 8037's thumbprint", async () => {
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  } as const;
  expect(jwkThumbprint(jwk)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  const ours = publicJwk(publicKey);
  expect(jwkThumbprint(ours)).toBe(await calculateJwkThumbprint({ ...ours }));
});

test('a derived key is the same for the same master and purpose only', () => {
  const master = generateKeySync('hmac', { length: 256 });
  const { x } = publicJwk(deriveSigningKey(master, 'audit').publicKey);
  expect(publicJwk(deriveSigningKey(master, 'audit').publicKey).x).toBe(x);
  expect(publicJwk(deriveSigningKey(master, 'packs').publicKey).x).not.toBe(x);
  const again = deriveSigningKey(master, 'audit');
  expect(verifyBytes(again.publicKey, data, signBytes(again.privateKey, data))).toBe(true);
});

test('only an Ed25519 key becomes such a JWK', () => {
  expect(() => publicJwk(generateKeySync('hmac', { length: 256 }))).toThrow(TypeError);
});
