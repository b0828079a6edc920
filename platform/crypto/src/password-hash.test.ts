import { createSecretKey } from 'node:crypto';

import { expect, test } from 'vitest';

import { hashPassword, matchPassword } from './password-hash.ts';

const pepper = createSecretKey(Buffer.alloc(32, 7));
const cost = { memoryKib: 64, passes: 1 };

test('a password matches its own hash, and no other does', async () => {
  const hashed = await hashPassword('a long enough one', { cost, pepper });
  expect(hashed).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await hashPassword('a long enough one', { cost, pepper })).not.toBe(hashed);
  const right = await matchPassword('a long enough one', hashed, { cost, pepper });
  expect(right).toEqual({ kind: 'right', isOutdated: false });
  for (const other of ['a long enough One', 'a long enough one ', '']) {
    expect(await matchPassword(other, hashed, { cost, pepper })).toEqual({ kind: 'wrong' });
  }
});

test('a hash of another cost still matches, and says so', async () => {
  const hashed = await hashPassword('secret', { cost, pepper });
  const dearer = { memoryKib: 128, passes: 2 };
  expect(await matchPassword('secret', hashed, { cost: dearer, pepper })).toEqual({
    kind: 'right',
    isOutdated: true,
  });
});

test('without the pepper nothing matches', async () => {
  const hashed = await hashPassword('secret', { cost, pepper });
  const other = createSecretKey(Buffer.alloc(32, 8));
  expect(await matchPassword('secret', hashed, { cost, pepper: other })).toEqual({ kind: 'wrong' });
});

test('what keyboards spell in two ways is one password', async () => {
  const hashed = await hashPassword('caf\u00e9', { cost, pepper });
  expect(await matchPassword('cafe\u0301', hashed, { cost, pepper })).toMatchObject({
    kind: 'right',
  });
});

test('a text that is no hash matches nothing', async () => {
  for (const text of ['', 'secret', '$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA', '$2b$10$aaaa']) {
    expect(await matchPassword('secret', text, { cost, pepper })).toEqual({ kind: 'wrong' });
  }
});

test('is argon2id of RFC 9106, by a hash of the reference implementation', async () => {
  // printf password | argon2 somesalt -id -t 2 -m 16 -p 1, of its published test vectors; no secret.
  const none = createSecretKey(Buffer.alloc(0));
  const reference =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await matchPassword('password', reference, { cost, pepper: none })).toMatchObject({
    kind: 'right',
  });
});
