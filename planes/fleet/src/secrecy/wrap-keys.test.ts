import { createSecretKey, randomBytes } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import {
  makeKey,
  unwrapOrganizationKey,
  unwrapProjectKey,
  wrapOrganizationKey,
  wrapProjectKey,
} from './wrap-keys.ts';

const masters = [createSecretKey(randomBytes(32))] as const;
const organization = { id: newId(), orgId: newId<OrganizationId>() };
const project = { id: newId(), orgId: organization.orgId, projectId: newId<ProjectId>() };

test("the server's key opens an organization's key under its own name alone", () => {
  const key = makeKey();
  const wrapped = wrapOrganizationKey(masters, key, organization);
  expect(unwrapOrganizationKey(masters, wrapped, organization)).toEqual(key);
  const moved = { ...organization, orgId: newId<OrganizationId>() };
  expect(unwrapOrganizationKey(masters, wrapped, moved)).toBeNull();
  const next = createSecretKey(randomBytes(32));
  expect(unwrapOrganizationKey([next], wrapped, organization)).toBeNull();
  expect(unwrapOrganizationKey([next, ...masters], wrapped, organization)).toEqual(key);
});

test("a project's key opens with its organization's, and opens no other project's", () => {
  const [organizationKey, key] = [makeKey(), makeKey()];
  const wrapped = wrapProjectKey(organizationKey, key, project);
  expect(unwrapProjectKey(organizationKey, wrapped, project)).toEqual(key);
  const other = { ...project, projectId: newId<ProjectId>() };
  expect(unwrapProjectKey(organizationKey, wrapped, other)).toBeNull();
  expect(unwrapProjectKey(key, wrapped, project)).toBeNull();
  expect(unwrapProjectKey(makeKey(), wrapped, project)).toBeNull();
});
