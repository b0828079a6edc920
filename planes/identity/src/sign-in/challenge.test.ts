import { createSecretKey } from 'node:crypto';

import type { OrganizationId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { makeChallenge, readChallenge, writeChallenge } from './challenge.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const now = new Date('2026-03-01T12:00:00Z');
const orgId = '0199aaaa-0000-7000-8000-000000000001' as OrganizationId;
const made = makeChallenge({ purpose: 'passkey-sign-in', orgId, accountId: null }, now);
const text = writeChallenge(made, key);
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

test('a challenge comes back as it was made, for five minutes', () => {
  const read = (seconds: number) =>
    readChallenge(text, { purpose: 'passkey-sign-in', key, now: after(seconds) });
  expect(read(0)).toEqual(made);
  expect(read(299)).toEqual(made);
  expect(() => read(300)).toThrow(/no longer/);
});

test('it is good for nothing else, and by no other key (A5)', () => {
  expect(() => readChallenge(text, { purpose: 'second-factor', key, now })).toThrow(/no longer/);
  const other = createSecretKey(Buffer.alloc(32, 2));
  expect(() => readChallenge(text, { purpose: 'passkey-sign-in', key: other, now })).toThrow(
    /no longer/,
  );
  for (const forged of ['', 'sic.', 'sic.e30.AAAA', text.slice(0, -1), `x${text}`]) {
    expect(() => readChallenge(forged, { purpose: 'passkey-sign-in', key, now })).toThrow(
      /no longer/,
    );
  }
});

test('no two have the same nonce', () => {
  const other = makeChallenge({ purpose: 'passkey-sign-in', orgId, accountId: null }, now);
  expect(other.nonce).not.toBe(made.nonce);
});

test('nobody reads from it whose it is, and each is another', () => {
  const read = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString();
  expect(read).toContain(made.nonce);
  expect(read).not.toContain(orgId);
  expect(read).not.toContain('orgId');
  const { hidden } = JSON.parse(read) as { hidden: string };
  const another = writeChallenge({ ...made, nonce: 'n'.repeat(43) }, key);
  expect(Buffer.from(another.split('.')[1] ?? '', 'base64url').toString()).not.toContain(hidden);
});
