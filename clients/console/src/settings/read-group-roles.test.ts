import { expect, test } from 'vitest';

import { readGroupRoles } from './read-group-roles.ts';

test('groups have roles, of the organization or of a project', () => {
  expect(readGroupRoles(' *=viewer, cn=ops,ou=x=operator@billing ,')).toEqual([
    { group: '*', role: 'viewer' },
    { group: 'cn', role: 'ops' },
    { group: 'ou=x', role: 'operator', project: 'billing' },
  ]);
  expect(readGroupRoles('')).toEqual([]);
  expect(readGroupRoles('dev=developer, ops')).toBe('ops is not GROUP=ROLE or GROUP=ROLE@PROJECT.');
});
