import type { Permission } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { isAllowed } from './authorize.ts';
import { ANONYMOUS, type Caller, type Scope } from './caller.ts';

const token = (...scopes: Scope[]): Caller => ({
  ...ANONYMOUS,
  kind: 'token',
  scopes: new Set(scopes),
});

test.each<[Permission, Scope[]]>([
  ['run:read', ['read', 'write', 'admin', 'platform']],
  ['run:submit', ['write', 'admin', 'platform']],
  ['fleet:administer', ['admin', 'platform']],
  ['organization:create', ['platform']],
])('%s is held by the scopes %s and no other', (permission, holders) => {
  for (const scope of ['read', 'write', 'admin', 'platform'] as const) {
    expect([scope, isAllowed(permission, token(scope))]).toEqual([scope, holders.includes(scope)]);
  }
});

test('a token without scopes holds nothing', () => {
  expect(isAllowed('run:read', token())).toBe(false);
});

test('a worker, a key and a run hold what names them, whatever scopes they claim', () => {
  const worker: Caller = { ...ANONYMOUS, kind: 'worker', scopes: new Set<Scope>(['platform']) };
  expect(isAllowed('fleet:claim', worker)).toBe(true);
  expect(isAllowed('run:read', worker)).toBe(false);
  expect(isAllowed('model:call', { ...ANONYMOUS, kind: 'run' })).toBe(true);
  expect(isAllowed('fleet:claim', { ...ANONYMOUS, kind: 'key' })).toBe(false);
});

test('nobody holds nothing, and what is public needs nobody', () => {
  expect(isAllowed('run:read', ANONYMOUS)).toBe(false);
  expect(isAllowed('public', ANONYMOUS)).toBe(true);
});

test('an account holds what its roles give it, and no more', () => {
  const account: Caller = { ...ANONYMOUS, kind: 'account', permissions: new Set(['run:read']) };
  expect(isAllowed('run:read', account)).toBe(true);
  expect(isAllowed('run:submit', account)).toBe(false);
  expect(isAllowed('run:read', { ...ANONYMOUS, kind: 'account' })).toBe(false);
});

test('a token with roles behind it holds what its scopes and they allow', () => {
  const permissions = new Set<Permission>(['run:read', 'run:submit']);
  expect(isAllowed('run:submit', { ...token('write'), permissions })).toBe(true);
  expect(isAllowed('run:submit', { ...token('read'), permissions })).toBe(false);
  expect(isAllowed('run:cancel', { ...token('write'), permissions })).toBe(false);
});
