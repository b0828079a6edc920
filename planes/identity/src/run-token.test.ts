import { createSecretKey } from 'node:crypto';

import { deriveKey, signCompact } from '@sagewai/crypto';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import {
  isRunToken,
  mintRunToken,
  readRunToken,
  type RunClaims,
  runTokenKey,
} from './run-token.ts';

const MASTER = createSecretKey(Buffer.from('0'.repeat(31) + '1'));
const KEY = runTokenKey(MASTER);
const CLAIMS: RunClaims = {
  runId: '0197a1b2-0000-7000-8000-000000000001' as RunId,
  epoch: 3,
  orgId: '0197a1b2-0000-7000-8000-000000000002' as OrganizationId,
  projectId: '0197a1b2-0000-7000-8000-000000000003' as ProjectId,
  models: ['gpt-4o', 'ollama/llama3.1:70b'],
  expiresAt: new Date('2026-11-21T05:00:00Z'),
};
const BEFORE = new Date('2026-11-21T04:59:59.999Z');
const token = mintRunToken(KEY, CLAIMS);

describe('a run token (I8)', () => {
  test('says what it was minted with, until it expires', () => {
    expect(isRunToken(token)).toBe(true);
    expect(readRunToken(KEY, token, BEFORE)).toEqual({ kind: 'valid', claims: CLAIMS });
    expect(readRunToken(KEY, token, CLAIMS.expiresAt)).toEqual({ kind: 'expired', claims: CLAIMS });
  });

  test('never outlives what it was minted for, not by a part of a second', () => {
    const expiresAt = new Date('2026-11-21T05:00:00.900Z');
    const read = readRunToken(KEY, mintRunToken(KEY, { ...CLAIMS, expiresAt }), CLAIMS.expiresAt);
    expect(read.kind).toBe('expired');
  });

  test('is forged when any letter of it is another', () => {
    for (let at = 0; at < token.length; at++) {
      const letter = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + letter + token.slice(at + 1);
      expect(readRunToken(KEY, changed, BEFORE), `letter ${at}`).toEqual({ kind: 'forged' });
    }
  });

  test.each(['', 'rt-1', 'rt-1.', 'rt-1..', `${token}.`, ` ${token}`, token.slice(0, -1)])(
    'is not %j',
    (text) => {
      expect(readRunToken(KEY, text, BEFORE)).toEqual({ kind: 'forged' });
    },
  );

  test('is not made by the master key, nor by a key of another purpose', () => {
    for (const key of [MASTER, deriveKey(MASTER, 'other')]) {
      expect(readRunToken(KEY, mintRunToken(key, CLAIMS), BEFORE)).toEqual({ kind: 'forged' });
    }
    const foreign = signCompact('xx-1', { run: CLAIMS.runId }, KEY);
    expect(readRunToken(KEY, foreign, BEFORE)).toEqual({ kind: 'forged' });
  });
});
