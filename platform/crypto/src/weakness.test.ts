import { randomBytes } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { checkJwtSecret } from './weakness.ts';

describe('checkJwtSecret', () => {
  test.each([
    'secret',
    'changeme',
    'sk-your-master-key',
    'your-secret',
    'your-256-bit-secret',
    'your-super-secret-jwt-token-with-at-least-32-characters-long',
    'super-secret-jwt-token-with-at-least-32-characters-long',
    'a-string-secret-at-least-256-bits-long',
    'A-String-Secret-At-Least-256-Bits-Long',
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
    'changeme-changeme-changeme-changeme',
    'replace-this-with-a-long-random-production-secret',
    'CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET',
    'my-super-long-jwt-signing-key-for-production-use',
    'your-super-secure-jwt-secret-key-minimum-32-characters',
    'your_super_secure_random_string_here_min_32_chars',
    'test-secret-key-for-testing-only-32chars!',
    'change-this-to-a-random-32-byte-secret',
    'My-Very-Long-Jwt-Signing-Phrase-Of-2024!',
    'correct horse battery staple is not a key',
    'correcthorsebatterystaplecorrecthorsebatterystaplex',
    'a'.repeat(64),
    'abcdefghijklmnopqrstuvwxyzabcdef',
    '0123456789abcdef0123456789abcdef',
    '01234567890123456789012345678901234567890123456789',
    'x7Qa9'.repeat(10),
    'x7Qa9kLm2Pz4Wv8B'.repeat(2),
    'MySecretKeyForSigningJwtTokens2024!',
    'x7Qa9kLm2Pz',
  ])('refuses %s, with a reason that does not hold it', (text) => {
    const why = checkJwtSecret(text);
    expect(why).toEqual(expect.any(String));
    expect(why).not.toContain(text);
  });

  test.each(['base64url', 'hex', 'base64'] as const)(
    'accepts 32 random bytes in %s, always',
    (encoding) => {
      for (let count = 0; count < 5000; count += 1) {
        expect(checkJwtSecret(randomBytes(32).toString(encoding))).toBeNull();
      }
    },
  );

  test('accepts random letters and digits', () => {
    expect(checkJwtSecret('k3v9x0q7m2z8w5r1t6y4u0p3s7d2f9g5')).toBeNull();
  });
});
