import { ANONYMOUS, type Caller, isAllowed } from '@sagewai/http';
import type { Permission, ProjectId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { boundProject } from '../token-reader.ts';
import { actByGrants } from './grants.ts';
import { permissionsIn, sumUp } from './read-grants.ts';

const projectId = '0197a1b2-0000-7000-8000-000000000001' as ProjectId;
const caller: Caller = { ...ANONYMOUS, kind: 'account', id: 'anna', projectId };
const viewer = { role: 'viewer', permissions: null, isOfProject: false };
const developerHere = { role: 'developer', permissions: null, isOfProject: true };

const act = (permission: Permission, ...held: Parameters<typeof sumUp>[0]): Caller =>
  actByGrants(caller, sumUp(held), permission);

test('what a role gives in the organization binds to no project', () => {
  const acting = act('run:read', viewer, developerHere);
  expect([isAllowed('run:read', acting), boundProject(acting)]).toEqual([true, null]);
});

test('what a role gives in a project alone binds the request to it (I10)', () => {
  const acting = act('run:submit', viewer, developerHere);
  expect([isAllowed('run:submit', acting), boundProject(acting)]).toEqual([true, projectId]);
});

test('an unbound request may do nothing that a project alone gives (I10)', () => {
  expect(isAllowed('run:submit', act('run:read', viewer, developerHere))).toBe(false);
});

test('who has roles in a project alone is bound whatever it asks for (I10)', () => {
  expect(boundProject(act('run:read', developerHere))).toBe(projectId);
  expect(boundProject(act('audit:read', developerHere))).toBe(projectId);
});

test('no role in a project gives what concerns the whole organization (I4)', () => {
  const adminHere = { role: 'admin', permissions: null, isOfProject: true };
  for (const permission of ['token:write', 'project:write', 'audit:read'] as const) {
    expect(isAllowed(permission, act(permission, adminHere))).toBe(false);
  }
  expect(isAllowed('run:submit', act('run:submit', adminHere))).toBe(true);
});

test('a custom role gives what it names and this version knows', () => {
  const permissions = ['run:read', 'run:teleport', 'toString'];
  expect(permissionsIn({ role: 'curious', permissions })).toEqual(['run:read']);
});
