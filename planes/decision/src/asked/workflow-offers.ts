import { hash } from 'node:crypto';

import type { Offers } from '@sagewai/action';
import { demandOrganization, submitterOf } from '@sagewai/fleet';
import { type Caller, isAllowed } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';

import { chooseWorkflow } from '../choose-workflow.ts';
import type { DecisionParts } from '../parts.ts';
import { listNewestWorkflows, listWorkflowRows } from '../workflows.sql.ts';
import {
  describeEnd,
  describeWorkflow,
  inputOf,
  offeredName,
  workflowOf,
} from './describe-workflow.ts';
import { followRun } from './follow-run.ts';
import { submitNamed } from './submit-named.ts';

const OFFERED_MAX = 200;

/** Workflows by name as tools of MCP: for whoever may submit runs and read them, and in its project. */
export function workflowOffers(parts: DecisionParts): Offers {
  const { db, settings } = parts;
  return {
    list: async (caller) => {
      if (!mayAsk(caller)) return [];
      const orgId = demandOrganization(caller);
      const { projectId } = caller;
      const rows = await inTenant(db, [orgId], (tx) =>
        listNewestWorkflows(tx, { orgId, projectId, after: null, limit: OFFERED_MAX }),
      );
      const offered = new Map<string, ReturnType<typeof describeWorkflow>>();
      for (const row of rows) {
        const name = offeredName(row.name);
        // W2. The project's own comes first.
        if (name !== null && !offered.has(name)) offered.set(name, describeWorkflow(row, name));
      }
      return [...offered.values()];
    },

    ask: async (caller, asked) => {
      const workflow = workflowOf(asked.name);
      if (workflow === null || !mayAsk(caller)) return null;
      const { orgId, projectId } = submitterOf(caller);
      const rows = await inTenant(db, [orgId], (tx) =>
        listWorkflowRows(tx, { orgId, projectId, name: workflow }),
      );
      const row = chooseWorkflow(rows, undefined);
      if (row === null) return null;
      const actor = nameActor(caller);
      const { id: runId } = await submitNamed(parts, caller, {
        workflow,
        body: { input: inputOf(row, asked.arguments) },
        key: asked.key === null ? null : keyOf('mcp', actor, asked.key),
      });
      const of = { orgId, projectId, runId };
      const run = await followRun(parts, {
        ...of,
        waitMs: settings.streamMs,
        signal: AbortSignal.any([asked.cancelled, asked.left]),
        tell: ({ state }) => asked.tell(`run ${runId} is ${state}`),
      });
      if (asked.cancelled.aborted && isAllowed('run:cancel', caller)) {
        await parts.cancelRun({ orgId, runId, actor });
      }
      return describeEnd(run);
    },
  };
}

/** A run has children of its own for that, and a key calls models and tools. */
const mayAsk = (caller: Caller): boolean =>
  caller.projectId !== null &&
  caller.kind !== 'run' &&
  isAllowed('run:submit', caller) &&
  isAllowed('run:read', caller);

/** Somebody's own name for what is asked for, among the keys of its project. */
export const keyOf = (by: string, actor: string, key: string): string =>
  `${by}/${hash('sha256', JSON.stringify([actor, key]), 'hex')}`;
