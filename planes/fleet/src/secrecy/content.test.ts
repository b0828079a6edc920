import { randomBytes } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import type { RunId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import {
  decryptContent,
  deriveRunKey,
  encryptContent,
  formatContent,
  looksEncrypted,
  parseContent,
} from './content.ts';

const NOW = new Date('2026-11-27T12:00:00Z');
const KEY = Buffer.alloc(32, 7);
const RUN = '0199aaaa-0000-7000-8000-000000000001' as RunId;

test('the key of a run never changes: what is stored depends on it', () => {
  const key = deriveRunKey(KEY, RUN);
  const bytes = Buffer.concat([key.signing, key.encryption]);
  expect(bytes.toString('hex')).toBe(
    'fdfcf199b24290eda4cd1bea8120b0e380a0a50119984a312808acc115e322d8',
  );
});

test('another run, and another project, have another key (E3)', () => {
  const token = encryptContent(deriveRunKey(KEY, RUN), 'secret', NOW);
  expect(decryptContent(deriveRunKey(KEY, RUN), token, NOW)).toBe('secret');
  expect(decryptContent(deriveRunKey(KEY, newId<RunId>()), token, NOW)).toBeNull();
  expect(decryptContent(deriveRunKey(randomBytes(32), RUN), token, NOW)).toBeNull();
});

test('a content names its key', () => {
  const keyId = '0199bbbb-0000-7000-8000-000000000001';
  const token = encryptContent(deriveRunKey(KEY, RUN), 'secret', NOW);
  expect(parseContent(formatContent({ keyId, token }))).toEqual({ keyId, token });
});

test.each([
  '',
  'hello',
  'enc1.',
  'enc1.x.gAAAAA',
  'enc1.0199bbbb-0000-7000-8000-000000000001.hello',
])('%j is no content, whatever it looks like', (text) => {
  expect(parseContent(text)).toBeNull();
  expect(looksEncrypted(text)).toBe(text.startsWith('enc1.'));
});
