import { randomBytes } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { checkServerKeys, parseServerKeys } from './server-keys.ts';

const secret = (): string => randomBytes(32).toString('base64url');

const of = { aliveMs: 60_000, log: silentLog };

test('a replica with another key is refused, whichever it is (I6)', async ({ dispatch: db }) => {
  const [jwtSecret, encryptionKey] = [secret(), secret()];
  const keys = parseServerKeys(jwtSecret, encryptionKey);
  await checkServerKeys(db, keys, of);
  await checkServerKeys(db, parseServerKeys(jwtSecret, encryptionKey), of);
  await expect(checkServerKeys(db, parseServerKeys(secret(), encryptionKey), of)).rejects.toThrow(
    /^JWT_SECRET is not the one/,
  );
  await expect(checkServerKeys(db, parseServerKeys(jwtSecret, secret()), of)).rejects.toThrow(
    /^SAGEWAI_ENCRYPTION_KEY is not the one/,
  );
});

test('a kept secret that somebody has made weak is refused', () => {
  expect(() => parseServerKeys('changeme', secret())).toThrow(/^JWT_SECRET is refused/);
  expect(() => parseServerKeys(secret(), 'abc')).toThrow(/^SAGEWAI_ENCRYPTION_KEY is refused/);
});
