import { createSecretKey } from 'node:crypto';

import { signJwt } from '@sagewai/crypto';
import type { EnrollmentKeyId, OrganizationId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import { mintWorkerToken, readWorkerToken } from '../identity/worker-token.ts';
import { mintRegistrationToken, readRegistrationToken } from './registration-token.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const issuedAt = new Date('2026-11-21T00:00:00Z');
const expiresAt = new Date('2026-12-21T00:00:00Z');
const claims = { id: 'k' as EnrollmentKeyId, orgId: 'o' as OrganizationId };
const minted = mintRegistrationToken(key, { ...claims, issuedAt, expiresAt });

describe('a registration token', () => {
  test('says whose record it is, and names no worker', () => {
    expect(readRegistrationToken(key, minted, issuedAt)).toEqual(claims);
    const [, body = ''] = minted.replace('wrt-1.', '').split('.');
    const said: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    expect(said).toMatchObject({ jti: 'k', org: 'o' });
    expect(said).not.toHaveProperty('sub');
  });

  test.each([
    ['of another key', minted, createSecretKey(Buffer.alloc(32, 2)), issuedAt],
    ['that has expired', minted, key, expiresAt],
    ['that was changed', `${minted.slice(0, -2)}xx`, key, issuedAt],
    ['without its prefix', minted.slice('wrt-1.'.length), key, issuedAt],
  ])('%s is none', (_, token, by, at) => {
    expect(readRegistrationToken(by, token, at)).toBeNull();
  });

  test.each([
    ['another issuer', { iss: 'other' }],
    ['another audience', { aud: 'sagewai-fleet' }],
    ['no record', { jti: 7 }],
    ['no organization', { org: undefined }],
  ])('with %s is none', (_, wrong) => {
    const said = { iss: 'sagewai', aud: 'sagewai-fleet-registration', org: 'o', jti: 'k' };
    const times = { iat: issuedAt.getTime() / 1_000, exp: expiresAt.getTime() / 1_000 };
    const token = (more: object): string =>
      `wrt-1.${signJwt('wrt+jwt', { ...said, ...times, ...more }, key)}`;
    expect(readRegistrationToken(key, token({}), issuedAt)).toEqual(claims);
    expect(readRegistrationToken(key, token(wrong), issuedAt)).toBeNull();
  });

  test("and a worker's token do not pass for each other", () => {
    const ofWorker = mintWorkerToken(key, {
      workerId: 'w' as WorkerId,
      orgId: claims.orgId,
      pool: 'gpu',
      scopes: ['claim'],
      tokenId: 'j',
      sessionEpoch: null,
      binding: null,
      issuedAt,
      expiresAt,
    });
    expect(readRegistrationToken(key, ofWorker, issuedAt)).toBeNull();
    expect(readWorkerToken(key, minted, issuedAt)).toMatchObject({ kind: 'forged' });
  });
});
