import { found, implement, type Route } from '@sagewai/http';
import { boundProject, isId } from '@sagewai/identity';
import { getRoutingDecision, listRoutingDecisions, type OutputOf } from '@sagewai/wire';

import { askedProject } from './asked-project.ts';
import type { RoutingDecision } from './routing-decision.ts';
import { listRoutingDecisions as readDecisions } from './routing-decisions.sql.ts';
import { badCursor } from './spend-routes.ts';

const PAGE_ROWS = 100;

/** How calls found their way. Who is bound to a project sees that project's. */
export function routingRoutes(): Route[] {
  return [
    implement(listRoutingDecisions, async ({ tx, orgId, query, caller }) => {
      const limit = query.limit ?? PAGE_ROWS;
      const filter = {
        orgId,
        projectId: askedProject(caller, query.project_id),
        keyId: query.key_id,
        runId: query.run_id,
        model: query.model,
        deployment: query.deployment,
        traceId: query.trace_id,
        fellBack: query.fell_back,
        since: query.since,
        until: query.until,
      };
      if (query.cursor !== undefined && !isId(query.cursor)) throw badCursor();
      const rows = await readDecisions(tx, filter, { after: query.cursor, limit: limit + 1 });
      const shown = rows.slice(0, limit);
      return {
        decisions: shown.map(toWire),
        next_cursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
      };
    }),

    implement(getRoutingDecision, async ({ tx, orgId, params, caller }) => {
      const filter = { orgId, projectId: boundProject(caller) ?? undefined, id: params.call_id };
      const [row] = await readDecisions(tx, filter, { after: undefined, limit: 1 });
      const detail =
        'There is no such decision that you can see. A call of a model with one deployment that ' +
        'answered at once has none, unless ROUTING_DECISIONS=all.';
      return toWire(found(row ?? null, detail));
    }),
  ];
}

type WireDecision = OutputOf<typeof getRoutingDecision>;

/** What the gateway told, and its spend row's own columns over it. */
function toWire(row: RoutingDecision): WireDecision {
  const told = JSON.parse(row.decision) as Pick<
    WireDecision,
    | 'requested_model'
    | 'profile'
    | 'rules'
    | 'complexity'
    | 'data_classification'
    | 'strategy'
    | 'score'
    | 'candidates_refused'
    | 'attempts'
  >;
  return {
    id: row.id,
    project_id: row.projectId,
    key_id: row.keyId,
    run_id: row.runId,
    at: row.at.toISOString(),
    requested_model: told.requested_model,
    model: row.model,
    deployment: row.deployment,
    provider: row.provider,
    profile: told.profile ?? null,
    trace_id: row.traceId,
    rules: told.rules,
    complexity: told.complexity ?? null,
    data_classification: told.data_classification ?? null,
    strategy: told.strategy,
    score: told.score,
    fallback_index: row.fallbackIndex,
    candidates_refused: told.candidates_refused,
    attempts: told.attempts,
  };
}
