import { createHash, generateKeyPairSync, sign } from 'node:crypto';

import { type ChainEntry, DELETION_FORMAT, GENESIS_HASH } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { hashOf } from './verify-chain.ts';
import { verifyDeletion } from './verify-deletion.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const key = { x: publicKey.export({ format: 'jwk' }).x ?? '' };
const text = JSON.stringify({
  format: DELETION_FORMAT,
  organization_id: 'o',
  project: { id: 'p', name: 'old' },
  deleted: [{ table: 'run', rows: 2 }],
});
const signature = sign(null, Buffer.from(text), privateKey).toString('base64url');
const fields = {
  version: 1,
  organization_id: 'o',
  seq: 1,
  at: '2026-01-01T00:00:00.000000Z',
  actor: 'server',
  action: 'project.deleted',
  subject: 'project:p',
  outcome: 'ok',
  request_id: '',
  details: JSON.stringify({ certificate_sha256: createHash('sha256').update(text).digest('hex') }),
  previous_hash: GENESIS_HASH,
};
const entryOf = (changed: Partial<ChainEntry> = {}): ChainEntry => {
  const entry = { ...fields, ...changed };
  return { ...entry, hash: hashOf(entry) };
};
const certificate = { text, signature, key, entry: entryOf() };

test('a certificate is good with its own key, and proves more with one that is known', () => {
  expect(verifyDeletion(certificate)).toMatchObject({
    kind: 'good',
    isKeyKnown: false,
    hasEntry: true,
  });
  expect(verifyDeletion(certificate, { knownKey: key.x })).toMatchObject({ isKeyKnown: true });
  expect(verifyDeletion({ ...certificate, entry: null })).toMatchObject({ hasEntry: false });
});

test.each([
  ['signature', { text: text.replace('2', '3') }],
  ['signature', { signature: signature.replace(/^./, 'x') }],
  ['signature', { key: { x: 'AA' } }],
  ['unreadable', { text: text.replace(DELETION_FORMAT, 'another') }],
  ['unreadable', { text: 'not JSON' }],
  ['entry', { entry: { ...entryOf(), actor: 'another' } }],
  ['entry', { entry: entryOf({ subject: 'project:q' }) }],
  ['entry', { entry: entryOf({ details: '{}' }) }],
])('whatever was changed is found: %s', (breach, changed) => {
  expect(verifyDeletion({ ...certificate, ...changed })).toMatchObject({ kind: 'bad', breach });
});

test('a certificate of somebody else is refused where the key is known', () => {
  expect(verifyDeletion(certificate, { knownKey: 'another' })).toMatchObject({
    kind: 'bad',
    breach: 'key',
  });
});
