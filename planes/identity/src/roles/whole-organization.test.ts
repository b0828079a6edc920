import type { Permission } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { isOfTheWholeOrganization } from './whole-organization.ts';

const WHOLE: readonly Permission[] = [
  'account:write',
  'audit:read',
  // A sink sends the log of the whole organization away.
  'audit:administer',
  'budget:write',
  'fleet:administer',
  'owner:appoint',
  'role:assign',
  'scim:write',
  'sso:write',
  'token:write',
];

test('what a project does not reach is people, money, the log, and what vouches for them (I4)', () => {
  expect(WHOLE.filter((permission) => !isOfTheWholeOrganization(permission))).toEqual([]);
  expect(isOfTheWholeOrganization('run:submit')).toBe(false);
  expect(isOfTheWholeOrganization('public')).toBe(false);
});
