import type { Offers } from '@sagewai/action';
import { GroupCommit, RunWatch } from '@sagewai/fleet';
import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';

import { a2aRoutes } from './a2a/a2a-routes.ts';
import { workflowOffers } from './asked/workflow-offers.ts';
import { DECISION_DEFAULTS, type DecisionOptions } from './decision-options.ts';
import { journalRoutes } from './journal-routes.ts';
import type { AppendedSteps, StepBatch } from './journal.ts';
import type { DecisionParts } from './parts.ts';
import { replayRoute } from './replay-route.ts';
import { appendSteps } from './steps.sql.ts';
import { readTimelineMarks } from './timeline-marks.ts';
import { timelineRoutes } from './timeline-routes.ts';
import { workflowRoutes } from './workflow-routes.ts';
import { createWorkflowSchemas } from './workflow-schemas.ts';

export interface Decision {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /** Workflows, for MCP clients. */
  readonly offers: Offers;
}

/** Everything that one replica does for durable runs. */
export function createDecision(options: DecisionOptions): Decision {
  const { db, dispatch, clock, log, fleet, objects } = options;
  const settings = { ...DECISION_DEFAULTS, ...options.settings };
  const watch = new RunWatch({
    read: (orgIds, runIds) => inTenant(db, orgIds, (tx) => readTimelineMarks(tx, runIds)),
    lookEveryMs: settings.watchEveryMs,
    onError: (error) => log.warn('a look at watched runs failed', { error }),
  });
  const journal = new GroupCommit<StepBatch, AppendedSteps>({
    commit: async (batches) => {
      const answers = await appendSteps(db, batches, settings.changesPerRunMax);
      for (const { runId } of batches) watch.touch(runId);
      return answers;
    },
    weightOf: ({ steps }) => steps.length,
    weightMax: settings.stepsPerCommitMax,
    lanes: settings.lanes,
    // D3. The second batch of a run finds what the first has left.
    keysOf: ({ runId }) => [runId],
  });
  const parts: DecisionParts = {
    db,
    dispatch,
    clock,
    log,
    settings,
    contents: fleet.contents,
    repeat: (tx, repeat) => fleet.repeat(tx, repeat),
    submitOne: (caller, submission, runId) => fleet.submitOne(caller, submission, runId),
    readRuns: (tx, orgId, runIds) => fleet.readRuns(tx, orgId, runIds),
    readRun: (orgId, runId) => fleet.readRun(orgId, runId),
    cancelRun: (of) => fleet.cancelRun(of),
    schemas: createWorkflowSchemas(),
    publicUrl: options.publicUrl?.replace(/\/+$/, '') ?? null,
    objects,
    inlineBytesMax: settings.inlineBytesMax,
    watch,
    journal,
  };
  const routes = [
    ...journalRoutes(parts),
    replayRoute(parts),
    ...timelineRoutes(parts),
    ...workflowRoutes(parts),
    ...a2aRoutes(parts),
  ];
  return { routes, jobs: [], offers: workflowOffers(parts) };
}
