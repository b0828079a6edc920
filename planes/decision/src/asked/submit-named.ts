import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { submitterOf } from '@sagewai/fleet';
import { type Caller, found } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';
import type { BodyOf, OrganizationId, ProjectId, RunId, submitWorkflowRun } from '@sagewai/wire';

import { chooseWorkflow } from '../choose-workflow.ts';
import type { DecisionParts } from '../parts.ts';
import type { WorkflowRow } from '../workflow.ts';
import {
  deleteNamedRun,
  insertNamedRun,
  listWorkflowNames,
  listWorkflowRows,
} from '../workflows.sql.ts';

const NAMES_SHOWN_MAX = 10;

export type NamedParts = Pick<DecisionParts, 'db' | 'schemas' | 'submitOne'>;

export interface SubmittedRun {
  readonly id: RunId;
  readonly workflow: string;
  readonly version: string | null;
  /** False: its key had been used for the same. */
  readonly created: boolean;
  readonly pool: string;
  readonly model: string | null;
  readonly warning?: string;
}

/** A run of a workflow, by its name, however it is asked for: checked (W2), and in its history (W3). */
export async function submitNamed(
  parts: NamedParts,
  caller: Caller,
  of: {
    readonly workflow: string;
    readonly body: BodyOf<typeof submitWorkflowRun>;
    /** What makes two submissions one; null: nothing does. */
    readonly key: string | null;
  },
): Promise<SubmittedRun> {
  const { db } = parts;
  const { orgId, projectId } = submitterOf(caller);
  const { input = null, ...submission } = of.body;
  const row = await inTenant(db, [orgId], async (tx) => {
    const rows = await listWorkflowRows(tx, { orgId, projectId, name: of.workflow });
    const chosen = chooseWorkflow(rows, submission.worker_version);
    return found(chosen, chosen === null ? await noSuchWorkflow(tx, orgId, projectId) : '');
  });
  await demandInput(parts, row, input);
  const runId = newId<RunId>();
  const { name, version, pool } = row;
  await inTenant(
    db,
    [orgId],
    (tx) => insertNamedRun(tx, { runId, orgId, projectId, name, version }), // W3
  );
  const accepted = await parts.submitOne(
    caller,
    {
      pool,
      ...submission,
      ...(of.key === null ? {} : { idempotency_key: of.key }),
      payload: { workflow: name, input },
    },
    runId,
  );
  if (!accepted.created) await inTenant(db, [orgId], (tx) => deleteNamedRun(tx, runId));
  const { runId: id, ...told } = accepted;
  return { ...told, id, workflow: name, version: version || null };
}

async function demandInput(
  { schemas }: Pick<NamedParts, 'schemas'>,
  row: WorkflowRow,
  input: unknown,
): Promise<void> {
  const mistakes = (await schemas.of(row))?.(input) ?? [];
  const [first] = mistakes;
  if (first === undefined) return;
  throw new Fault('workflow.input', 'a workflow is given what it does not take', {
    detail: `The workflow ${row.name} does not take this input: ${first.path || 'it'} ${first.message}.`,
    mistakes: mistakes.map((mistake) => ({ ...mistake, path: `/input${mistake.path}` })),
  });
}

export async function noSuchWorkflow(
  tx: Tx,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<string> {
  const names = await listWorkflowNames(tx, { orgId, projectId, limit: NAMES_SHOWN_MAX });
  const known = names.length === 0 ? 'no worker has said that it has one' : names.join(', ');
  return `There is no such workflow; known: ${known}.`;
}
