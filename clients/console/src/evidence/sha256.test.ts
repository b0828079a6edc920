import { expect, test } from 'vitest';

import { sha256Hex } from './sha256.ts';

async function byTheRuntime(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

test('hashes as everybody does, whatever the length and the letters', async () => {
  const texts = ['', 'abc', 'ä€😀', ...Array.from({ length: 130 }, (_, size) => 'x'.repeat(size))];
  expect(texts.map(sha256Hex)).toEqual(await Promise.all(texts.map(byTheRuntime)));
});
