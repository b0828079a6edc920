import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fernetDecrypt, fernetEncrypt, fernetKey } from './fernet.ts';

interface Vector {
  readonly desc?: string;
  readonly token: string;
  readonly now: string;
  readonly ttl_sec?: number;
  readonly iv?: readonly number[];
  readonly src?: string;
  readonly secret: string;
}

const root = resolve(import.meta.dirname, '../../..');
const folder = join(resolve(root, process.env['TEST_DATA_DIR'] ?? '../shared/data'), 'fernet');
const hasVectors = existsSync(folder);
const vectors = (name: string): Vector[] =>
  hasVectors ? (JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Vector[]) : [];

function keyFrom(text: string): NonNullable<ReturnType<typeof fernetKey>> {
  const key = fernetKey(text);
  if (!key) throw new Error('not a key');
  return key;
}

describe("the specification's vectors", () => {
  test('are there, or it is said that they are not', () => {
    if (!hasVectors)
      console.info(`Fernet's vectors are left out: ${folder} is missing (set TEST_DATA_DIR)`);
    expect(hasVectors || process.env['REQUIRE_ALL'] !== '1').toBe(true);
  });

  for (const { token, now, iv, src = '', secret } of vectors('generate')) {
    test(`generates ${token.slice(0, 16)}…`, () => {
      expect(fernetEncrypt(keyFrom(secret), src, new Date(now), Uint8Array.from(iv ?? []))).toBe(
        token,
      );
    });
  }

  for (const { token, now, ttl_sec: ttlSeconds = null, src, secret } of vectors('verify')) {
    test(`reads ${token.slice(0, 16)}…`, () => {
      const opened = fernetDecrypt(keyFrom(secret), token, { now: new Date(now), ttlSeconds });
      expect(opened.kind === 'opened' && opened.data.toString()).toBe(src);
    });
  }

  for (const { desc, token, now, ttl_sec: ttlSeconds = null, secret } of vectors('invalid')) {
    test(`refuses: ${desc}`, () => {
      const opened = fernetDecrypt(keyFrom(secret), token, { now: new Date(now), ttlSeconds });
      expect(opened.kind).toBe('refused');
    });
  }
});

describe('Fernet', () => {
  const key = keyFrom('vE3xUkZ3pVt0YQ0Zr5cX9uJqk1Wb7mN2sLh8dGf4aTo=');
  const at = new Date('2026-01-01T00:00:00Z');
  const after = (seconds: number): Date => new Date(at.getTime() + seconds * 1000);

  test('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        const opened = fernetDecrypt(key, fernetEncrypt(key, data, at), {
          now: at,
          ttlSeconds: 60,
        });
        expect(opened).toEqual({ kind: 'opened', data: Buffer.from(data), at });
      }),
    );
  });

  test.each([
    [60, 60, 'opened'],
    [61, 60, 'expired'],
    [1_000_000, null, 'opened'],
    [-60, 60, 'opened'],
    [-61, 60, 'future'],
    [-61, null, 'future'],
  ] as const)('%d s later, with a life of %s s, it is %s', (seconds, ttlSeconds, outcome) => {
    const token = fernetEncrypt(key, 'hello', at);
    const opened = fernetDecrypt(key, token, { now: after(seconds), ttlSeconds });
    expect(opened.kind === 'opened' ? 'opened' : opened.why).toBe(outcome);
  });

  test('a token that differs in any letter, or in length, is refused', () => {
    const token = fernetEncrypt(key, 'hello', at);
    const options = { now: at, ttlSeconds: 60 };
    for (let index = 0; index < token.length; index += 1) {
      for (const letter of 'AaZz09_-=%') {
        const tampered = token.slice(0, index) + letter + token.slice(index + 1);
        if (tampered === token) continue;
        expect(fernetDecrypt(key, tampered, options).kind).toBe('refused');
      }
      expect(fernetDecrypt(key, token.slice(0, index), options).kind).toBe('refused');
    }
    expect(fernetDecrypt(key, `${token}A`, options).kind).toBe('refused');
  });

  test('any text is refused without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fernetDecrypt(key, text, { now: at, ttlSeconds: null }).kind).toBe('refused');
      }),
    );
  });

  test('a key is 32 bytes', () => {
    expect(fernetKey('AAAA')).toBeNull();
  });
});
