/**
 * Workflows by name.
 *
 * - W1. What a worker says is of its own organization, and of its own project where it has one, as recorded at its
 *   enrollment; only an approved worker is heard. What is said last of a version counts.
 * - W2. A run is checked by the project's own workflow before everybody's, in the version that it pins, else in that which
 *   was registered last. What cannot be checked here, its worker checks.
 * - W3. The history of a workflow names every run that was submitted by its name: the name is stored before the run.
 */
import { Fault } from '@sagewai/fault';
import {
  demandApproved,
  demandCurrentSession,
  demandWorker,
  readIdempotencyKey,
} from '@sagewai/fleet';
import {
  type Caller,
  compileForeignSchema,
  found,
  implement,
  implementOwn,
  type Route,
} from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  deleteWorkflow,
  getWorkflow,
  listWorkflowRuns,
  listWorkflows,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  registerWorkflows,
  type RunId,
  submitWorkflowRun,
} from '@sagewai/wire';

import { noSuchWorkflow, submitNamed } from './asked/submit-named.ts';
import type { DecisionParts } from './parts.ts';
import type { SaidWorkflow, WorkflowRow } from './workflow.ts';
import {
  countWorkflows,
  deleteWorkflows,
  listNamedRuns,
  listNewestWorkflows,
  listWorkflowRows,
  upsertWorkflows,
  type WorkflowPlace,
} from './workflows.sql.ts';

const RUNS_PER_PAGE = 50;
const WORKFLOWS_PER_PAGE = 200;

export function workflowRoutes(parts: DecisionParts): Route[] {
  const { settings, readRuns } = parts;
  return [
    implement(registerWorkflows, async ({ tx, orgId, caller, body, audit }) => {
      const worker = demandWorker(caller, 'heartbeat');
      demandApproved(worker); // W1
      demandCurrentSession(worker);
      const { projectId, pool, version } = worker.record.capabilities;
      const unused: { name: string; why: string }[] = [];
      const said: SaidWorkflow[] = [];
      for (const { name, input_schema: schema } of uniquely(body.workflows)) {
        const compiled = schema === undefined ? null : await compileForeignSchema(schema);
        if (compiled?.kind === 'refused') unused.push({ name, why: compiled.why });
        said.push({ name, inputSchema: compiled?.kind === 'compiled' ? (schema ?? null) : null });
      }
      await upsertWorkflows(tx, { orgId, projectId, pool, version: version ?? '' }, said);
      if ((await countWorkflows(tx, orgId)) > settings.workflowsMax) throw tooMany(settings);
      audit.about(`worker:${worker.record.id}`, { workflows: said.length });
      return { unused_schemas: unused };
    }),

    implement(listWorkflows, async ({ tx, orgId, caller, query }) => {
      const projectId = await projectWithin(tx, { orgId, caller, named: query.project });
      const limit = query.limit ?? WORKFLOWS_PER_PAGE;
      const after = query.cursor === undefined ? null : placeOf(query.cursor);
      const rows = await listNewestWorkflows(tx, { orgId, projectId, after, limit });
      const last = rows.length < limit ? undefined : rows.at(-1);
      return {
        workflows: rows.map(toWire),
        next_cursor: last === undefined ? null : `${last.projectId ?? ''}/${last.name}`,
      };
    }),

    implement(getWorkflow, async ({ tx, orgId, caller, params, query }) => {
      const projectId = await projectWithin(tx, { orgId, caller, named: query.project });
      const rows = await listWorkflowRows(tx, { orgId, projectId, name: params.workflow });
      const [newest] = rows;
      const versions = rows.map(toWire);
      const why = newest === undefined ? await noSuchWorkflow(tx, orgId, projectId) : '';
      return { ...toWire(found(newest, why)), versions };
    }),

    implement(deleteWorkflow, async ({ tx, orgId, caller, params, query, audit }) => {
      const projectId = await projectWithin(tx, { orgId, caller, named: query.project });
      const { version = null } = query;
      const of = { orgId, projectId, name: params.workflow, version };
      const deleted = await deleteWorkflows(tx, of);
      found(deleted === 0 ? null : deleted, await noSuchWorkflow(tx, orgId, projectId));
      audit.about(`workflow:${params.workflow}`, { deleted, version });
      return { deleted };
    }),

    implementOwn(submitWorkflowRun, ({ params, body, caller, request }) =>
      submitNamed(parts, caller, {
        workflow: params.workflow,
        body,
        key: readIdempotencyKey(request),
      }),
    ),

    implement(listWorkflowRuns, async ({ tx, orgId, caller, params, query }) => {
      const projectId = await projectWithin(tx, { orgId, caller, named: query.project });
      const limit = query.limit ?? RUNS_PER_PAGE;
      const named = await listNamedRuns(tx, {
        orgId,
        projectId,
        name: params.workflow,
        before: (query.cursor as RunId | undefined) ?? null,
        limit,
      });
      const versions = new Map(named.map(({ runId, version }) => [runId, version || null]));
      const runs = await readRuns(tx, orgId, [...versions.keys()]);
      return {
        runs: runs.map((run) => ({
          ...run,
          workflow_version: versions.get(run.id as RunId) ?? null,
        })),
        next_cursor: named.length < limit ? null : (named.at(-1)?.runId ?? null),
      };
    }),
  ];
}

/** `<project>/<name>`, as `next_cursor` has it. */
function placeOf(cursor: string): WorkflowPlace {
  const [, project = '', name] = CURSOR.exec(cursor) ?? [];
  if (name !== undefined) return { name, projectId: (project || null) as ProjectId | null };
  throw new Fault('request.invalid', 'a cursor is none of ours', {
    detail: 'The cursor is not the `next_cursor` of a list of workflows.',
  });
}

const CURSOR = /^((?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?)\/(.+)$/s;

/** A worker may have said one name twice in one list; the last counts, as in two lists. */
const uniquely = <Said extends { readonly name: string }>(said: readonly Said[]): Said[] => [
  ...new Map(said.map((one) => [one.name, one])).values(),
];

/** A token that is bound to a project sees that one's, and everybody's. */
async function projectWithin(
  tx: Tx,
  of: { orgId: OrganizationId; caller: Caller; named: string | undefined },
): Promise<ProjectId | null> {
  const bound = boundProject(of.caller);
  if (of.named === undefined) return bound;
  const project = await findProject(tx, of.orgId, of.named);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

const tooMany = ({ workflowsMax }: DecisionParts['settings']): Fault =>
  new Fault('state.conflict', 'the organization has too many workflows', {
    detail: `An organization has at most ${workflowsMax} versions of workflows.`,
  });

function toWire(row: WorkflowRow): OutputOf<typeof listWorkflows>['workflows'][number] {
  return {
    name: row.name,
    project_id: row.projectId,
    version: row.version || null,
    pool: row.pool,
    input_schema: row.inputSchema as Record<string, unknown> | null,
    registered_at: row.registeredAt.toISOString(),
    seen_at: row.seenAt.toISOString(),
  };
}
