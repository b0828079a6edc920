import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull, orNull } from './schemas.ts';
import { auditEntry } from './trust.ts';

const nameOrId = Type.String({ minLength: 1, maxLength: 100 });
const count = Type.Integer({ minimum: 0 });

/**
 * What was deleted, and what stays and why, for an outsider: the text is signed (Ed25519), and the entry of
 * the audit log says its SHA-256. `clients/verify` checks both without us.
 */
export const deletionCertificate = Type.Object({
  /** JSON, verbatim: the signature is over it. */
  text: Type.String(),
  signature: Type.String(),
  key: Type.Object({ kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: Type.String() }),
  entry: auditEntry,
});

export const DELETION_FORMAT = 'sagewai.project-deletion/1';

const deletion = Type.Object({
  project_id: id,
  /** The name that it had. */
  project: Type.String(),
  /** `waiting`: it can be taken back until `due_at`. */
  state: Type.Union([Type.Literal('waiting'), Type.Literal('deleting'), Type.Literal('deleted')]),
  requested_by: Type.String(),
  requested_at: instant,
  due_at: instant,
  finished_at: instantOrNull,
  /** What it waits for, or why it has not ended. */
  waits_for: orNull(Type.String()),
  deleted: Type.Array(Type.Object({ table: Type.String(), rows: count })),
  objects: count,
});

const params = Type.Object({ project: nameOrId });
const ofProjects = { surface: 'own', params } as const;

export const deleteProject = endpoint({
  id: 'identity.deleteProject',
  method: 'POST',
  path: '/api/v1/projects/{project}/deletion',
  ...ofProjects,
  summary: 'Put a project out of reach now, and delete it after a grace',
  permission: 'project:delete',
  audit: 'record',
  fresh: true,
  body: Type.Object({
    /** Its name once more. */
    confirm: Type.String({ minLength: 1, maxLength: 100 }),
  }),
  output: deletion,
  status: 202,
});

export const undeleteProject = endpoint({
  id: 'identity.undeleteProject',
  method: 'DELETE',
  path: '/api/v1/projects/{project}/deletion',
  ...ofProjects,
  summary: 'Take the deletion of a project back, while it waits',
  permission: 'project:delete',
  audit: 'record',
  output: Type.Object({ project_id: id, project: Type.String() }),
});

export const getProjectDeletion = endpoint({
  id: 'identity.getProjectDeletion',
  method: 'GET',
  path: '/api/v1/projects/{project}/deletion',
  ...ofProjects,
  summary: 'Read how far the deletion of a project is; once it has ended, with its certificate',
  permission: 'audit:read',
  audit: 'read',
  output: Type.Object({ ...deletion.properties, certificate: orNull(deletionCertificate) }),
});

export const listProjectDeletions = endpoint({
  id: 'identity.listProjectDeletions',
  method: 'GET',
  path: '/api/v1/project-deletions',
  surface: 'own',
  summary: 'List the newest deletions of projects, also those that have ended',
  permission: 'audit:read',
  audit: 'read',
  output: Type.Object({ deletions: Type.Array(deletion) }),
});

export const PROJECT_DELETION_ENDPOINTS = [
  deleteProject,
  undeleteProject,
  getProjectDeletion,
  listProjectDeletions,
] as const;
