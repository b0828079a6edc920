import { randomBytes } from 'node:crypto';

import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { checkServerKeys, parseServerKeys } from './server-keys.ts';

const secret = (): string => randomBytes(32).toString('base64url');

test('a replica with another key is refused, whichever it is (I6)', async ({ db }) => {
  const [jwtSecret, encryptionKey] = [secret(), secret()];
  const keys = parseServerKeys(jwtSecret, encryptionKey);
  await checkServerKeys(db, keys);
  await checkServerKeys(db, parseServerKeys(jwtSecret, encryptionKey));
  await expect(checkServerKeys(db, parseServerKeys(secret(), encryptionKey))).rejects.toThrow(
    /^JWT_SECRET is not the one/,
  );
  await expect(checkServerKeys(db, parseServerKeys(jwtSecret, secret()))).rejects.toThrow(
    /^SAGEWAI_ENCRYPTION_KEY is not the one/,
  );
});

test('a kept secret that somebody has made weak is refused', () => {
  expect(() => parseServerKeys('changeme', secret())).toThrow(/^JWT_SECRET is refused/);
  expect(() => parseServerKeys(secret(), 'abc')).toThrow(/^SAGEWAI_ENCRYPTION_KEY is refused/);
});
