import { createHash, randomBytes } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { checkMasterKey, deriveKey, fingerprintKey, parseMasterKey } from './master-key.ts';

const bytes = randomBytes(32);

function keyOf(text: string): Uint8Array | null {
  const parsed = parseMasterKey(text);
  return parsed.kind === 'key' ? parsed.key.export() : null;
}

describe('parseMasterKey', () => {
  test.each([
    ['Fernet', `${bytes.toString('base64url')}=`],
    ['base64url', bytes.toString('base64url')],
    ['base64', bytes.toString('base64')],
    ['hex', bytes.toString('hex')],
    ['hex in capitals', bytes.toString('hex').toUpperCase()],
  ])('reads %s', (_, text) => {
    expect(keyOf(text)).toEqual(bytes);
  });

  test.each([
    ['nothing', ''],
    ['a placeholder', 'changeme'],
    ['too few bytes', randomBytes(31).toString('hex')],
    ['too many bytes', randomBytes(33).toString('base64url')],
    ['equal bytes', Buffer.alloc(32, 7).toString('hex')],
    ['zeros as Fernet', `${Buffer.alloc(32).toString('base64url')}=`],
    ['counted bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('hex')],
    ['a repeated half', 'a3f1c29b7d5e48806b1c9d0e7f2a3584'.repeat(2)],
    [
      'few distinct bytes',
      Buffer.from(
        createHash('sha256')
          .update('x')
          .digest()
          .map((byte) => byte & 7),
      ).toString('hex'),
    ],
    [
      'a text',
      Buffer.from('correct horse battery staple 1234').subarray(0, 32).toString('base64url'),
    ],
    ["the Fernet specification's key", 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='],
    ['the same without its padding', 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4'],
    ["a tutorial's hex key", '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7'],
  ])('refuses %s, with a reason that does not hold it', (_, text) => {
    const why = checkMasterKey(text);
    expect(why).toEqual(expect.any(String));
    if (text) expect(why).not.toContain(text);
  });

  test('a published key is refused in every spelling of its bytes', () => {
    const published = Buffer.from('cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4', 'base64url');
    expect(checkMasterKey(published.toString('hex'))).toEqual(expect.any(String));
    expect(checkMasterKey(published.toString('base64'))).toEqual(expect.any(String));
  });

  test('accepts every random key', () => {
    for (let count = 0; count < 5000; count += 1) {
      expect(checkMasterKey(randomBytes(32).toString('base64url'))).toBeNull();
    }
  });
});

describe('deriveKey', () => {
  const parsed = parseMasterKey('a3f1c29b7d5e48806b1c9d0e7f2a35846c8b1d2e3f4a5967880a9bbccdd0e1f2');
  if (parsed.kind !== 'key') throw new Error('the key of this test is refused');
  const master = parsed.key;

  test('is the same for the same purpose and another for another', () => {
    const derived = deriveKey(master, 'jwt').export();
    expect(derived).toHaveLength(32);
    expect(deriveKey(master, 'jwt').export()).toEqual(derived);
    expect(deriveKey(master, 'jwt2').export()).not.toEqual(derived);
    expect(derived).not.toEqual(master.export());
  });

  test('stays what it is: stored secrets depend on it', () => {
    expect(deriveKey(master, 'test').export().toString('hex')).toMatchInlineSnapshot(
      `"85a41b792a7825ee6c8b854bd9d8345bf73bcd91d6a68cc791ad289cb1e6df52"`,
    );
    expect(fingerprintKey(master)).toMatchInlineSnapshot(`"03fec77b1e858cfd2c11f01b845e5019"`);
  });

  test('a fingerprint is no part of any key', () => {
    expect(fingerprintKey(master)).toMatch(/^[0-9a-f]{32}$/);
    expect(master.export().toString('hex')).not.toContain(fingerprintKey(master));
  });
});
