/** What calls ask and are answered, kept for projects that say so. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, orNull, textOrNull } from './schemas.ts';

const ofProject = Type.Object({
  /** Name or id. */
  project: Type.String({ minLength: 1, maxLength: 100 }),
});

const keeping = Type.Object({
  project_id: id,
  /** Null: no more is kept. */
  keep_days: orNull(Type.Integer({ minimum: 1, maximum: 400 })),
  /** How many calls' are kept now. */
  kept: Type.Integer(),
});

export const getBodyKeeping = endpoint({
  id: 'gateway.getBodyKeeping',
  method: 'GET',
  path: '/api/v1/projects/{project}/call-bodies',
  surface: 'own',
  summary: 'Read whether it is kept what calls of a project ask and are answered, and for how long',
  permission: 'project:read',
  audit: 'read',
  params: ofProject,
  output: keeping,
});

export const setBodyKeeping = endpoint({
  id: 'gateway.setBodyKeeping',
  method: 'PUT',
  path: '/api/v1/projects/{project}/call-bodies',
  surface: 'own',
  summary:
    'Say for how long it is kept what calls of a project ask and are answered, or that it is not',
  permission: 'call_body:write',
  audit: 'record',
  params: ofProject,
  body: Type.Object({
    keep_days: keeping.properties.keep_days,
    /** What was kept before goes as well. */
    drop_kept: Type.Optional(Type.Boolean()),
  }),
  output: keeping,
});

const side = Type.Object({
  /** Null: it was no text, and is not kept. */
  text: textOrNull,
  bytes: Type.Integer(),
});

/** A reading of it is in the audit log. */
export const readCallBody = endpoint({
  id: 'gateway.readCallBody',
  method: 'POST',
  path: '/api/v1/call-bodies/{call_id}/read',
  surface: 'own',
  summary: 'Read what a call asked and was answered; that it was read is recorded',
  permission: 'call_body:read',
  audit: 'record',
  params: Type.Object({ call_id: id }),
  output: Type.Object({
    call_id: id,
    project_id: id,
    at: instant,
    drop_at: instant,
    request: side,
    answer: side,
    /** One of them is longer than what is kept of it. */
    is_cut: Type.Boolean(),
  }),
});

export const CALL_BODY_ENDPOINTS = [getBodyKeeping, setBodyKeeping, readCallBody] as const;
