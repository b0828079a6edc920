import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import type { OrganizationId, RunId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import {
  type ContentOf,
  type ContentReference,
  formatReference,
  objectKey,
  parseReference,
  readObjectKey,
  sha256Of,
} from './content-reference.ts';

const mac = createSecretKey(randomBytes(32));
const of: ContentOf = { orgId: newId<OrganizationId>(), runId: newId<RunId>(), kind: 'payload' };
const reference: ContentReference = {
  keyId: null,
  objectId: randomUUID(),
  bytes: 2_000_000,
  sha256: sha256Of('x'),
};

test.each([null, randomUUID()])('a reference is read back, under the key %s', (keyId) => {
  const one = { ...reference, keyId };
  const text = formatReference(mac, of, one);
  expect(parseReference(mac, of, text)).toEqual(one);
  expect(text.length).toBeLessThan(220);
});

test('one of another run, kind, organization or server is none (O3, O4)', () => {
  const text = formatReference(mac, of, reference);
  const others: ContentOf[] = [
    { ...of, runId: newId<RunId>() },
    { ...of, kind: 'output' },
    { ...of, orgId: newId<OrganizationId>() },
  ];
  for (const other of others) expect(parseReference(mac, other, text)).toBeNull();
  expect(parseReference(createSecretKey(randomBytes(32)), of, text)).toBeNull();
});

test('what was changed, and what only looks like one, is none (O3)', () => {
  const text = formatReference(mac, of, reference);
  const changed = [
    text.replace('.2000000.', '.1.'),
    text.replace(reference.objectId, randomUUID()),
    text.replace('obj1.0.', `obj1.${randomUUID()}.`),
    `${text}A`,
    `${text}\n`,
    text.slice(0, -1),
    'obj1.',
    `obj1.0.${reference.objectId}.1.${'A'.repeat(43)}.${'A'.repeat(43)}`,
  ];
  for (const each of changed) expect(parseReference(mac, of, each)).toBeNull();
  for (const each of [null, 1, { obj1: text }, [text]]) {
    expect(parseReference(mac, of, each)).toBeNull();
  }
});

test('a key of an object says what it is of', () => {
  const key = objectKey(of, reference.objectId);
  expect(readObjectKey(key)).toEqual({ ...of, objectId: reference.objectId });
  for (const other of ['probe/x', `${key}/x`, key.replace('payload', 'event'), key.slice(1)]) {
    expect(readObjectKey(other)).toBeNull();
  }
});
