/** Workflows by name: what workers say that they can do, and runs of it. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { run, submission } from './runs.ts';
import { id, idOrNull, instant, orNull, textOrNull } from './schemas.ts';
import { PRINTABLE_PATTERN } from './tags.ts';

const WORKFLOWS_PER_WORKER_MAX = 200;

export const workflowName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: PRINTABLE_PATTERN,
});
const ofWorkflow = Type.Object({ workflow: workflowName });
const project = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));
const anySchema = Type.Object({}, { additionalProperties: true });

export const registerWorkflows = endpoint({
  id: 'fleet.registerWorkflows',
  method: 'PUT',
  path: '/api/v1/fleet/workflows',
  surface: 'fleet',
  summary: 'Say which workflows a worker has; under its project, or for every project',
  permission: 'fleet:heartbeat',
  audit: 'record',
  body: Type.Object({
    workflows: Type.Array(
      Type.Object({
        name: workflowName,
        /** JSON Schema of its input; left out: only a worker can check it. */
        input_schema: Type.Optional(anySchema),
      }),
      { minItems: 1, maxItems: WORKFLOWS_PER_WORKER_MAX },
    ),
  }),
  output: Type.Object({
    /** Schemas that cannot be used here: those submissions are checked by the worker alone. */
    unused_schemas: Type.Array(Type.Object({ name: Type.String(), why: Type.String() })),
  }),
});

const workflow = {
  name: Type.String(),
  /** Null: workers of every project have it. */
  project_id: idOrNull,
  /** Of the code of the workers; null: they do not say. */
  version: textOrNull,
  /** Of the worker that has said it last: where its runs go unless said. */
  pool: Type.String(),
  input_schema: orNull(anySchema),
  registered_at: instant,
  /** When a worker has said so last. */
  seen_at: instant,
};

export const listWorkflows = endpoint({
  id: 'workflows.listWorkflows',
  method: 'GET',
  path: '/api/v1/workflows',
  surface: 'own',
  summary: 'List the workflows that workers have, each in its newest version',
  permission: 'run:read',
  audit: 'read',
  query: Type.Object({
    project,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    /** `next_cursor` of the page before. */
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  }),
  output: Type.Object({
    /** By name. */
    workflows: Type.Array(Type.Object(workflow)),
    next_cursor: textOrNull,
  }),
});

export const getWorkflow = endpoint({
  id: 'workflows.getWorkflow',
  method: 'GET',
  path: '/api/v1/workflows/{workflow}',
  surface: 'own',
  summary: 'Read a workflow, and all its versions, newest first',
  permission: 'run:read',
  audit: 'read',
  params: ofWorkflow,
  query: Type.Object({ project }),
  output: Type.Object({ ...workflow, versions: Type.Array(Type.Object(workflow)) }),
});

export const deleteWorkflow = endpoint({
  id: 'workflows.deleteWorkflow',
  method: 'DELETE',
  path: '/api/v1/workflows/{workflow}',
  surface: 'own',
  summary:
    'Forget a workflow, or one version of it; its runs stay, and a worker that starts says it again',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorkflow,
  query: Type.Object({
    /** Only what this project has of its own; else all that the caller sees. */
    project,
    /** Only this version. */
    version: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  }),
  output: Type.Object({
    /** How many versions were forgotten. */
    deleted: Type.Integer(),
  }),
});

export const submitWorkflowRun = endpoint({
  id: 'workflows.submitRun',
  method: 'POST',
  path: '/api/v1/workflows/{workflow}/runs',
  surface: 'own',
  summary: 'Submit a run of a workflow; input that it does not take answers 422',
  permission: 'run:submit',
  audit: 'batch',
  params: ofWorkflow,
  body: Type.Object({
    /** As the workflow takes it; null unless said. */
    input: Type.Optional(Type.Unknown()),
    ...Type.Omit(submission, ['payload']).properties,
  }),
  output: Type.Object({
    id,
    workflow: Type.String(),
    /** Whose schema the input was checked by; null: its workers do not say. */
    version: textOrNull,
    created: Type.Boolean(),
    pool: Type.String(),
    model: textOrNull,
    warning: Type.Optional(Type.String()),
  }),
  status: 201,
});

export const listWorkflowRuns = endpoint({
  id: 'workflows.listRuns',
  method: 'GET',
  path: '/api/v1/workflows/{workflow}/runs',
  surface: 'own',
  summary: 'List the runs that were submitted to a workflow by its name, newest first',
  permission: 'run:read',
  audit: 'read',
  params: ofWorkflow,
  query: Type.Object({
    project,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(id),
  }),
  output: Type.Object({
    runs: Type.Array(Type.Object({ ...run.properties, workflow_version: textOrNull })),
    next_cursor: idOrNull,
  }),
});

export const WORKFLOW_ENDPOINTS = [
  registerWorkflows,
  listWorkflows,
  getWorkflow,
  deleteWorkflow,
  submitWorkflowRun,
  listWorkflowRuns,
] as const;
