import type { OrganizationId } from '@sagewai/wire';
import { describe, expect, test } from 'vitest';

import type { AuditEntry } from './entry.ts';
import { sealEntry } from './seal-entry.ts';

const ENTRY: AuditEntry = {
  orgId: '0197a1b2-0000-7000-8000-000000000001' as OrganizationId,
  actor: 'token:1',
  action: 'fleet.approveWorker',
  subject: 'worker:2',
  outcome: 'ok',
  requestId: 'r',
  details: {},
};
const sealDetails = (details: AuditEntry['details']): string =>
  sealEntry({ ...ENTRY, details }).details;
const sealSubject = (subject: string): string => sealEntry({ ...ENTRY, subject }).subject;

describe('a detail that is named like a secret is refused (T4)', () => {
  test.each([
    'token',
    'access_token',
    'accessToken',
    'client_secret',
    'password',
    'DB_PASSWORD',
    'authorization',
    'proxy-authorization',
    'cookie',
    'api_key',
    'apiKey',
    'apikey',
    'private_key',
    'enrollment_key',
  ])('%s', (name) => {
    expect(() => sealDetails({ [name]: 'x' })).toThrow(/named like a secret/);
  });

  test.each(['token_id', 'prompt_tokens', 'key_id', 'key_name', 'max_uses', 'idempotency_key'])(
    'but %s is none',
    (name) => {
      expect(sealDetails({ [name]: 1 })).toBe(`{"${name}":1}`);
    },
  );
});

describe('a text that looks like a credential is replaced (T4)', () => {
  test.each([
    'sk-fleet-0123456789abcdef',
    'sk-proj-0123456789',
    `sat-${'a'.repeat(43)}`,
    'wrt-1.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    'rt-1.eyJydW4iOiIxIn0.c2ln',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    'Bearer abcdefgh12345678',
  ])('%s', (secret) => {
    expect(sealSubject(`a ${secret} b`)).toBe('a [secret] b');
    expect(sealDetails({ reason: `a ${secret} b` })).toBe('{"reason":"a [secret] b"}');
  });

  test.each(['worker:0197a1b2', 'task-scheduler-of-the-night', 'model sk-1', '/api/v1/tokens'])(
    'but %s stays',
    (text) => {
      expect(sealSubject(text)).toBe(text);
    },
  );
});

describe('what a caller chose cannot break the entry', () => {
  test('control characters and lone surrogates are made printable', () => {
    expect(sealSubject('a\u0000b\nc\ud800d')).toBe('a�b�c�d');
    expect(JSON.parse(sealDetails({ reason: 'a\u0000b\ud800' }))).toEqual({ reason: 'a�b�' });
  });

  test('long texts are cut, never in the middle of a character', () => {
    const cut = sealSubject('🜁'.repeat(500));
    expect(cut.length).toBeLessThanOrEqual(256);
    expect(cut.endsWith('…')).toBe(true);
    expect(cut.isWellFormed()).toBe(true);
  });
});
