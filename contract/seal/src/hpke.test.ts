import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  hpkeKeyPair,
  type HpkeKeyPair,
  hpkeOpen,
  hpkePrivateBytes,
  hpkeSeal,
  makeHpkeKeyPair,
} from './hpke.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

function keyPair(privateHex: string): HpkeKeyPair {
  const pair = hpkeKeyPair(hex(privateHex));
  if (!pair) throw new Error('not a key');
  return pair;
}

/** RFC 9180, appendix A.2.1: base mode of this suite, and the first of its encryptions. */
const VECTOR = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  skEm: 'f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600',
  pkEm: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
  skRm: '8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb',
  pkRm: '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a',
  pt: hex('4265617574792069732074727574682c20747275746820626561757479'),
  aad: hex('436f756e742d30'),
  ct: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
};

describe("the specification's vector", () => {
  const { info, aad, pt, ct } = VECTOR;
  const recipient = keyPair(VECTOR.skRm);

  test('the public halves follow from the private ones', () => {
    expect(Buffer.from(recipient.publicKey).toString('hex')).toBe(VECTOR.pkRm);
    expect(Buffer.from(keyPair(VECTOR.skEm).publicKey).toString('hex')).toBe(VECTOR.pkEm);
    expect(hpkePrivateBytes(recipient).toString('hex')).toBe(VECTOR.skRm);
  });

  test('is sealed to the very bytes', () => {
    const sealed = hpkeSeal(hex(VECTOR.pkRm), pt, { info, aad }, keyPair(VECTOR.skEm));
    expect(Buffer.from(sealed?.enc ?? []).toString('hex')).toBe(VECTOR.pkEm);
    expect(Buffer.from(sealed?.ciphertext ?? []).toString('hex')).toBe(ct);
  });

  test('is opened', () => {
    const message = { enc: hex(VECTOR.pkEm), ciphertext: hex(ct) };
    expect(hpkeOpen(recipient, message, { info, aad })).toEqual(pt);
  });
});

describe('a message', () => {
  const recipient = makeHpkeKeyPair();
  const context = { info: Buffer.from('info'), aad: Buffer.from('aad') };

  function sealedFor({ publicKey }: HpkeKeyPair, plaintext: Uint8Array) {
    const sealed = hpkeSeal(publicKey, plaintext, context);
    if (!sealed) throw new Error('not sealed');
    return sealed;
  }

  test('of any bytes, under any info and data, opens for its recipient and for nobody else', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const other = makeHpkeKeyPair();
    fc.assert(
      fc.property(bytes, bytes, bytes, (plaintext, info, aad) => {
        const sealed = hpkeSeal(recipient.publicKey, plaintext, { info, aad });
        expect(sealed && hpkeOpen(recipient, sealed, { info, aad })).toEqual(
          Buffer.from(plaintext),
        );
        expect(sealed && hpkeOpen(other, sealed, { info, aad })).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  test('does not open under other data or another info', () => {
    const other = Buffer.from('other');
    const sealed = sealedFor(recipient, Buffer.from('hello'));
    expect(hpkeOpen(recipient, sealed, { ...context, aad: other })).toBeNull();
    expect(hpkeOpen(recipient, sealed, { ...context, info: other })).toBeNull();
  });

  test('with any bit flipped, or cut anywhere, does not open', () => {
    const { enc, ciphertext } = sealedFor(recipient, Buffer.from('hello'));
    // Its highest bit is the one that X25519 masks; as part of the context it counts all the same.
    for (let bit = 0; bit < enc.length * 8; bit += 1) {
      const message = { enc: flipped(enc, bit), ciphertext };
      expect(hpkeOpen(recipient, message, context)).toBeNull();
    }
    for (let bit = 0; bit < ciphertext.length * 8; bit += 1) {
      const message = { enc, ciphertext: flipped(ciphertext, bit) };
      expect(hpkeOpen(recipient, message, context)).toBeNull();
    }
    for (let length = 0; length < ciphertext.length; length += 1) {
      const message = { enc, ciphertext: ciphertext.subarray(0, length) };
      expect(hpkeOpen(recipient, message, context)).toBeNull();
    }
    expect(hpkeOpen(recipient, { enc: enc.subarray(1), ciphertext }, context)).toBeNull();
  });

  test('twice the same is never the same', () => {
    const [first, second] = [Buffer.from('x'), Buffer.from('x')].map((one) =>
      sealedFor(recipient, one),
    );
    expect(first?.enc).not.toEqual(second?.enc);
    expect(first?.ciphertext).not.toEqual(second?.ciphertext);
  });

  test.each([
    ['31 bytes', Buffer.alloc(31, 9)],
    ['zero', Buffer.alloc(32)],
    ['of order one', Buffer.concat([Buffer.of(1), Buffer.alloc(31)])],
  ])('is not sealed for a public key that is %s', (_, publicKey) => {
    expect(hpkeSeal(publicKey, Buffer.from('x'), context)).toBeNull();
  });

  test('a private key is 32 bytes', () => {
    expect(hpkeKeyPair(Buffer.alloc(31))).toBeNull();
  });
});

function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
