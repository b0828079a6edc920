import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { FairShare } from './fair-share.ts';
import { acquaint, Group, KnownSubqueue } from './group.ts';

const [ORG, OTHER] = ['o', 'x'] as OrganizationId[];
const [PROJECT, FOREIGN] = ['p', 'q'] as ProjectId[];

test.for([
  ['of its organization and any project', { orgId: ORG, projectId: null }, true],
  ['of its project', { orgId: ORG, projectId: PROJECT }, true],
  ['of another organization', { orgId: OTHER, projectId: null }, false],
  ['of another project', { orgId: ORG, projectId: FOREIGN }, false],
] as const)('workers are told of lines %s or not at all (F3)', ([, of, isTold]) => {
  const capabilities = {
    orgId: of.orgId as OrganizationId,
    projectId: of.projectId as ProjectId | null,
    pool: 'default',
    models: [],
    labels: {},
  };
  const group = new Group('k', capabilities, new FairShare({ weightOf: () => 1 }));
  const known = new KnownSubqueue({
    sq: 1,
    orgId: ORG as OrganizationId,
    projectId: PROJECT as ProjectId,
    requirement: { pool: 'default', model: '*', labels: {} },
  } as ConstructorParameters<typeof KnownSubqueue>[0]);
  acquaint(group, known);
  expect(known.groups.has(group)).toBe(isTold);
});
