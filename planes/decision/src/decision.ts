import { GroupCommit } from '@sagewai/fleet';
import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';

import { DECISION_DEFAULTS, type DecisionOptions } from './decision-options.ts';
import { journalRoutes } from './journal-routes.ts';
import type { AppendedSteps, StepBatch } from './journal.ts';
import type { DecisionParts } from './parts.ts';
import { replayRoute } from './replay-route.ts';
import { appendSteps } from './steps.sql.ts';
import { timelineRoute } from './timeline-route.ts';
import { workflowRoutes } from './workflow-routes.ts';
import { createWorkflowSchemas } from './workflow-schemas.ts';

export interface Decision {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
}

/** Everything that one replica does for durable runs. */
export function createDecision(options: DecisionOptions): Decision {
  const { db, dispatch, clock, log, fleet, objects } = options;
  const settings = { ...DECISION_DEFAULTS, ...options.settings };
  const journal = new GroupCommit<StepBatch, AppendedSteps>({
    commit: (batches) => appendSteps(db, batches, settings.changesPerRunMax),
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
    schemas: createWorkflowSchemas(),
    objects,
    inlineBytesMax: settings.inlineBytesMax,
    journal,
  };
  const routes = [
    ...journalRoutes(parts),
    replayRoute(parts),
    timelineRoute(parts),
    ...workflowRoutes(parts),
  ];
  return { routes, jobs: [] };
}
