import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { objectId, tagged } from './der.ts';
import { selfSign } from './self-sign.ts';
import { thumbprintOf } from './thumbprint.ts';

const { privateKey: key } = generateKeyPairSync('ed25519');
const made = selfSign({
  key,
  commonName: 'gpu-1',
  names: ['localhost', '127.0.0.1'],
  notBefore: new Date('2026-01-02T03:04:05Z'),
  notAfter: new Date('2056-01-02T03:04:05Z'),
});

describe('a certificate signed by its own key', () => {
  const read = new X509Certificate(made.certificate);

  test('is read by others as it was meant', () => {
    expect(read.subject).toBe('CN=gpu-1');
    expect(read.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
    expect(read.validFromDate).toEqual(new Date('2026-01-02T03:04:05Z'));
    expect(read.validToDate).toEqual(new Date('2056-01-02T03:04:05Z'));
    expect(read.checkHost('localhost')).toBe('localhost');
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(read.ca).toBe(true);
  });

  test('is signed by the key that it holds, and by no other', () => {
    expect(read.verify(createPublicKey(key))).toBe(true);
    expect(read.verify(generateKeyPairSync('ed25519').publicKey)).toBe(false);
    expect(thumbprintOf(read.publicKey)).toBe(thumbprintOf(createPublicKey(key)));
  });
});

describe('the thumbprint of a key', () => {
  test('is that of RFC 8037, appendix A.3', () => {
    const published = createPublicKey({
      format: 'jwk',
      key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    });
    expect(thumbprintOf(published)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  test('is none for another kind of key', () => {
    expect(thumbprintOf(generateKeyPairSync('x25519').publicKey)).toBeNull();
  });
});

describe('DER', () => {
  test('lengths and parts of ids above 127 take more bytes', () => {
    expect([...tagged(0x04, new Uint8Array(300)).subarray(0, 4)]).toEqual([0x04, 0x82, 0x01, 0x2c]);
    expect([...tagged(0x04, new Uint8Array(127)).subarray(0, 2)]).toEqual([0x04, 0x7f]);
    expect(objectId('1.2.840.113549').toString('hex')).toBe('06062a864886f70d');
  });
});
