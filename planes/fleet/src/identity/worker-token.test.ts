import { createSecretKey } from 'node:crypto';

import { signJwt } from '@sagewai/crypto';
import type { OrganizationId, WorkerId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import {
  isHalfSpent,
  mintWorkerToken,
  readWorkerToken,
  type WorkerClaims,
} from './worker-token.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const other = createSecretKey(Buffer.alloc(32, 2));
const issuedAt = new Date('2026-11-21T00:00:00Z');
const expiresAt = new Date('2026-11-21T00:15:00Z');
const claims: WorkerClaims = {
  workerId: 'w' as WorkerId,
  orgId: 'o' as OrganizationId,
  pool: 'gpu',
  scopes: ['claim', 'heartbeat'],
  tokenId: 'j',
  sessionEpoch: 7n,
  binding: { thumbprint: 't', generation: 3n },
  issuedAt,
  expiresAt,
};

describe('a worker token', () => {
  test('says what was signed, with the claims that are promised', () => {
    const token = mintWorkerToken(key, claims);
    expect(readWorkerToken(key, token, issuedAt)).toEqual({ kind: 'valid', claims });
    const [, body = ''] = token.replace('wrt-1.', '').split('.');
    expect(JSON.parse(Buffer.from(body, 'base64url').toString())).toMatchObject({
      sub: 'w',
      org: 'o',
      pool: 'gpu',
      scopes: ['claim', 'heartbeat'],
      jti: 'j',
      session_epoch: 7,
      cnf: { jkt: 't' },
      gen: 3,
      exp: expiresAt.getTime() / 1000,
    });
  });

  test('ends at its time', () => {
    const token = mintWorkerToken(key, claims);
    expect(readWorkerToken(key, token, expiresAt).kind).toBe('expired');
  });

  test('is forged without the key, without its prefix, or when made for something else', () => {
    const token = mintWorkerToken(key, claims);
    const jwt = token.slice('wrt-1.'.length);
    const foreign = `wrt-1.${signJwt('other', { aud: 'sagewai-fleet', exp: 9e9 }, key)}`;
    const audience = `wrt-1.${signJwt('wrt+jwt', { aud: 'else', exp: 9e9 }, key)}`;
    const empty = `wrt-1.${signJwt('wrt+jwt', { aud: 'sagewai-fleet', exp: 9e9 }, key)}`;
    for (const forged of [
      mintWorkerToken(other, claims),
      jwt,
      `${token}x`,
      foreign,
      audience,
      empty,
    ]) {
      expect(readWorkerToken(key, forged, issuedAt).kind).toBe('forged');
    }
  });

  test('is renewed from the middle of its life on', () => {
    const minutes = (count: number): Date => new Date(issuedAt.getTime() + count * 60_000);
    expect(isHalfSpent({ issuedAt, expiresAt }, minutes(7.4))).toBe(false);
    expect(isHalfSpent({ issuedAt, expiresAt }, minutes(7.5))).toBe(true);
  });
});
