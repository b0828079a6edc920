import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { tableOfRoles } from './table-of-roles.ts';

test('docs/roles.md shows the matrix of the contract (node tools/generate-role-matrix.ts)', () => {
  expect(readFileSync('docs/roles.md', 'utf8')).toContain(tableOfRoles());
});
