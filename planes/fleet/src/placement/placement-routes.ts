import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  explainRun,
  explainTask,
  listPending,
  type OrganizationId,
  type OutputOf,
  type RunId,
} from '@sagewai/wire';

import {
  readPlacementFacts,
  readWaitingQueues,
  readWorkerFacts,
} from '../dispatch/placements.sql.ts';
import { readBindings } from '../limits/limits.sql.ts';
import { describeSelector } from '../matching/selector.ts';
import type { FleetParts } from '../parts.ts';
import { ANY_MODEL } from '../runs/run.ts';
import { type Freshness, freshnessOf } from '../workers/freshness.ts';
import { explainPlacement } from './explain-placement.ts';
import { judgeQueue } from './judge-queue.ts';

/** Why runs are where they are. */
export function placementRoutes({ settings }: FleetParts): Route[] {
  const fresh = freshnessOf(settings);
  return [
    implement(explainRun, ({ tx, orgId, params, caller }) =>
      explain(tx, { orgId, runId: params.run_id as RunId, caller, fresh }),
    ),

    implement(explainTask, ({ tx, orgId, params, caller }) =>
      explain(tx, { orgId, runId: params.run_id as RunId, caller, fresh }),
    ),

    implement(listPending, async ({ tx, orgId, caller }) => {
      const queues = await readWaitingQueues(tx, orgId, boundProject(caller));
      const workers = queues.length === 0 ? [] : await readWorkerFacts(tx, orgId, fresh);
      return {
        queues: queues.map((queue) => {
          const { pool, model, labels, routing } = queue.requirement;
          const reason = judgeQueue(queue, workers);
          return {
            project_id: queue.projectId,
            pool,
            model: model === ANY_MODEL ? null : model,
            labels: { ...labels },
            selectors: (routing?.selectors ?? []).map(describeSelector),
            pending: queue.pending,
            pending_counted: queue.isCounted,
            unmatchable: reason !== null,
            reason,
          };
        }),
      };
    }),
  ];
}

async function explain(
  tx: Tx,
  of: { orgId: OrganizationId; runId: RunId; caller: Caller; fresh: Freshness },
): Promise<OutputOf<typeof explainRun>> {
  const facts = await readPlacementFacts(tx, of.runId);
  const bound = boundProject(of.caller);
  const seen = bound === null || facts?.projectId === bound ? facts : null;
  const known = found(seen, 'There is no such run.');
  const isQueued = known.state === 'queued';
  const workers = isQueued ? await readWorkerFacts(tx, of.orgId, of.fresh) : [];
  const bindings = isQueued ? await readBindings(tx, of.orgId, known.sq) : [];
  const { reasons, nearest, matching } = explainPlacement({ ...known, workers, bindings });
  return {
    run_id: of.runId,
    state: known.state,
    reasons: reasons.map((reason) => ({ ...reason })),
    workers_matching: matching,
    nearest: nearest.map(({ worker, lacks }) => ({
      worker_id: worker.id,
      name: worker.name,
      pool: worker.pool,
      active_runs: worker.active,
      max_concurrent: worker.max,
      lacks: lacks.map(({ text }) => text),
    })),
  };
}
