import { createSecretKey } from 'node:crypto';

import { newId, sealingKey } from '@sagewai/crypto';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { isSealed, openId, sealId } from './response-id.ts';

const keyOf = (byte: number) =>
  sealingKey(createSecretKey(Buffer.alloc(32, byte)), 'gateway-response');
const AT = { deployment: 'config-1', id: 'resp_abc' };

test('an id opens for its own project, and for no other (K1)', () => {
  const owner = { orgId: newId<OrganizationId>(), projectId: newId<ProjectId>() };
  const id = sealId([keyOf(1)], owner, AT);
  expect(id).not.toContain('abc');
  expect(isSealed(id)).toBe(true);
  expect(openId([keyOf(1)], owner, id)).toEqual(AT);
  expect(openId([keyOf(1)], { ...owner, projectId: newId<ProjectId>() }, id)).toBeNull();
  expect(openId([keyOf(1)], { ...owner, orgId: newId<OrganizationId>() }, id)).toBeNull();
  // After its key was replaced it still opens; without it, never.
  expect(openId([keyOf(2), keyOf(1)], owner, id)).toEqual(AT);
  expect(openId([keyOf(2)], owner, id)).toBeNull();
});

test('an id of a provider, or one that was changed, opens for nobody (K3)', () => {
  const owner = { orgId: newId<OrganizationId>(), projectId: newId<ProjectId>() };
  const id = sealId([keyOf(1)], owner, AT);
  const changed = id.slice(0, -2) + (id.endsWith('A') ? 'BB' : 'AA');
  for (const other of ['resp_abc', 'resp_s1.x.y', `${id}.x`, changed, '']) {
    expect(openId([keyOf(1)], owner, other)).toBeNull();
  }
});
