/** Artifacts: bytes of a project that are too large for a row, as what a model is trained on and what came of it. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, instantOrNull } from './schemas.ts';

/** Of each part but the last. */
export const ARTIFACT_PART_BYTES = 4 * 1_048_576;
const PARTS_MAX = 100_000;
const PART_LETTERS_MAX = Math.ceil(ARTIFACT_PART_BYTES / 3) * 4;

const ofProject = Type.Object({
  project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});
const ofArtifact = Type.Object({ artifact_id: id });
const part = Type.Integer({ minimum: 0, maximum: PARTS_MAX - 1 });
const ofPart = Type.Object({ artifact_id: id, part });
/** A path without a way out: each name in it begins with a letter or digit. */
const name = Type.String({
  maxLength: 200,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}$',
});
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const bytes = Type.Integer({ minimum: 0, maximum: PARTS_MAX * ARTIFACT_PART_BYTES });
const data = Type.String({ maxLength: PART_LETTERS_MAX, pattern: '^[A-Za-z0-9+/]*={0,2}$' });

const artifact = Type.Object({
  id,
  project_id: id,
  /** The run that has made it; null: somebody has sent it. */
  run_id: idOrNull,
  name: Type.String(),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String(),
  parts: Type.Integer({ minimum: 0 }),
  created_at: instant,
  created_by: Type.String(),
  /** Null: parts of it are still to come, and nobody can read it. */
  completed_at: instantOrNull,
});

export const createArtifact = endpoint({
  id: 'artifacts.createArtifact',
  method: 'POST',
  path: '/api/v1/artifacts',
  surface: 'own',
  summary: 'Begin an artifact of a project, whose parts are sent next',
  permission: 'artifact:write',
  audit: 'record',
  query: ofProject,
  body: Type.Object({ name, bytes, sha256 }),
  output: Type.Object({ artifact, part_bytes: Type.Integer() }),
  status: 201,
});

export const putArtifactPart = endpoint({
  id: 'artifacts.putPart',
  method: 'PUT',
  path: '/api/v1/artifacts/{artifact_id}/parts/{part}',
  surface: 'own',
  summary: 'Send a part of an artifact, in any order and as often as needed',
  permission: 'artifact:write',
  // What is recorded is the whole, by its digest, when it is completed.
  audit: 'batch',
  params: ofPart,
  body: Type.Object({ data }),
  bodyBytesMax: PART_LETTERS_MAX + 1_024,
  output: Type.Object({ part: Type.Integer() }),
});

export const completeArtifact = endpoint({
  id: 'artifacts.completeArtifact',
  method: 'POST',
  path: '/api/v1/artifacts/{artifact_id}/complete',
  surface: 'own',
  summary: 'Complete an artifact: all parts are there, and together they have its digest',
  permission: 'artifact:write',
  audit: 'record',
  params: ofArtifact,
  output: artifact,
});

export const listArtifacts = endpoint({
  id: 'artifacts.listArtifacts',
  method: 'GET',
  path: '/api/v1/artifacts',
  surface: 'own',
  summary: 'List the artifacts of a project, the newest first',
  permission: 'artifact:read',
  audit: 'read',
  query: Type.Object({
    ...ofProject.properties,
    /** Those that this run has made. */
    run_id: Type.Optional(id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  }),
  output: Type.Object({ artifacts: Type.Array(artifact) }),
});

export const getArtifact = endpoint({
  id: 'artifacts.getArtifact',
  method: 'GET',
  path: '/api/v1/artifacts/{artifact_id}',
  surface: 'own',
  summary: 'Read what is known of an artifact',
  permission: 'artifact:read',
  audit: 'read',
  params: ofArtifact,
  output: artifact,
});

export const readArtifactPart = endpoint({
  id: 'artifacts.readPart',
  method: 'GET',
  path: '/api/v1/artifacts/{artifact_id}/parts/{part}',
  surface: 'own',
  summary: 'Read a part of an artifact',
  permission: 'artifact:read',
  audit: 'read',
  params: ofPart,
  output: Type.Object({ part: Type.Integer(), data: Type.String() }),
});

export const deleteArtifact = endpoint({
  id: 'artifacts.deleteArtifact',
  method: 'DELETE',
  path: '/api/v1/artifacts/{artifact_id}',
  surface: 'own',
  summary: 'Delete an artifact',
  permission: 'artifact:write',
  audit: 'record',
  params: ofArtifact,
  output: Type.Object({ id, deleted: Type.Literal(true) }),
});

export const ARTIFACT_ENDPOINTS = [
  createArtifact,
  putArtifactPart,
  completeArtifact,
  listArtifacts,
  getArtifact,
  readArtifactPart,
  deleteArtifact,
] as const;
