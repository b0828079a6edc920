import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull } from './schemas.ts';

/** What can be told of it; the credential itself cannot be read. */
const projectCredential = Type.Object({
  project_id: id,
  /** Where it is good, and nowhere else. */
  base_url: Type.String(),
  /** `made`: by this server, at a LiteLLM proxy. */
  kind: Type.Union([Type.Literal('given'), Type.Literal('made')]),
  hint: Type.String(),
  created_by: Type.String(),
  created_at: instant,
  replaced_at: instantOrNull,
});

const ofProject = Type.Object({
  /** Name or id. */
  project: Type.String({ minLength: 1, maxLength: 100 }),
});

export const getProjectCredential = endpoint({
  id: 'gateway.getProjectCredential',
  method: 'GET',
  path: '/api/v1/projects/{project}/credential',
  surface: 'own',
  summary: 'Tell which credential of its own the project calls models with; not what it is',
  permission: 'project:read',
  audit: 'read',
  params: ofProject,
  output: projectCredential,
});

export const setProjectCredential = endpoint({
  id: 'gateway.setProjectCredential',
  method: 'PUT',
  path: '/api/v1/projects/{project}/credential',
  surface: 'own',
  summary: 'Give the project a credential of its own, or have a LiteLLM proxy make one',
  permission: 'project:write',
  audit: 'record',
  params: ofProject,
  body: Type.Object({
    key: Type.Optional(
      Type.String({ minLength: 8, maxLength: 4_096, pattern: '^[\\x21-\\x7e]+$' }),
    ),
    /** In LiteLLM's words; its proxy keeps them, beside the budgets of this server. */
    make: Type.Optional(
      Type.Object({
        max_budget: Type.Optional(Type.Number({ minimum: 0 })),
        budget_duration: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}(s|m|h|d|mo)$' })),
        models: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }))),
      }),
    ),
    /** One of the configured providers; left out: the only LiteLLM proxy there is. */
    base_url: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })),
  }),
  output: projectCredential,
});

export const rotateProjectCredential = endpoint({
  id: 'gateway.rotateProjectCredential',
  method: 'POST',
  path: '/api/v1/projects/{project}/credential/rotate',
  surface: 'own',
  summary: 'Have the proxy make another credential for the project, and delete the one before',
  permission: 'project:write',
  audit: 'record',
  params: ofProject,
  output: projectCredential,
});

export const removeProjectCredential = endpoint({
  id: 'gateway.removeProjectCredential',
  method: 'DELETE',
  path: '/api/v1/projects/{project}/credential',
  surface: 'own',
  summary: "Take the project's own credential away; one that was made is deleted at the proxy",
  permission: 'project:write',
  audit: 'record',
  params: ofProject,
  output: Type.Object({ project_id: id, removed: Type.Literal(true) }),
});
