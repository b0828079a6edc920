import { createSecretKey } from 'node:crypto';

import type { CredentialReader } from '@sagewai/http';
import { mintRunToken } from '@sagewai/identity';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { createRunReader } from './run-reader.ts';

test('a run token is refused at its own expiry, however lately it was good', async () => {
  const clock = { ms: 0, now: () => new Date(clock.ms), monotonicMs: () => 0 };
  const runTokenKey = createSecretKey(Buffer.alloc(32, 1));
  const runLeases = { areAlive: async (pairs: readonly unknown[]) => pairs.map(() => true) };
  const reader = createRunReader({ runLeases, runTokenKey, clock });
  const token = mintRunToken(runTokenKey, {
    runId: 'r' as RunId,
    epoch: 1,
    orgId: 'o' as OrganizationId,
    projectId: 'p' as ProjectId,
    models: ['openai/GPT-4o'],
    expiresAt: new Date(10_000),
  });
  const head = { headers: { authorization: `Bearer ${token}` } } as Parameters<
    CredentialReader['read']
  >[0];
  expect(await reader.read(head)).toMatchObject({ kind: 'run', id: 'r', projectId: 'p' });
  clock.ms = 9_999;
  expect(reader.read(head)).toMatchObject({ detail: { models: new Set(['gpt-4o']) } });
  clock.ms = 10_000;
  expect(() => reader.read(head)).toThrow(/lease is over/);
});
