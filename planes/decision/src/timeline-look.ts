import { listRunToolCalls } from '@sagewai/action';
import { demandOrganization, findRunState, readAttempts, toAttempt } from '@sagewai/fleet';
import { type Caller, found } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { listRunCalls, sumSpendByRun } from '@sagewai/ledger';
import { inTenant } from '@sagewai/postgres';
import { formatUsd, type OutputOf, type readTimeline, type RunId } from '@sagewai/wire';

import type { DecisionParts } from './parts.ts';
import { readSteps } from './steps.sql.ts';
import { mergeNodes, type TimelineCursor, type TimelineNode } from './timeline-cursor.ts';
import { readTimelineMarks } from './timeline-marks.ts';

type Page = OutputOf<typeof readTimeline>;

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

export interface TimelineOf {
  readonly runId: RunId;
  readonly caller: Caller;
  readonly limit: number;
}

export interface TimelineLook {
  readonly nodes: readonly TimelineNode[];
  readonly next: TimelineCursor;
  /** Differs once there may be more than was seen. */
  readonly mark: string;
  /** The run has ended, and nothing comes after these. */
  readonly isEnd: boolean;
  readonly summary: Pick<Page, 'state' | 'attempts' | 'cost_usd' | 'calls'>;
}

/** What of a run comes after a cursor, and whether that is all. */
export async function lookAtTimeline(
  { db }: DecisionParts,
  { runId, caller, limit }: TimelineOf,
  from: TimelineCursor,
): Promise<TimelineLook> {
  const orgId = demandOrganization(caller);
  return inTenant(db, [orgId], async (tx) => {
    // T1. The state and the marks first: what comes before them is committed before them.
    const run = await findRunState(tx, runId);
    const bound = boundProject(caller);
    const { state } = found(
      bound === null || run?.projectId === bound ? run : null,
      'There is no such run.',
    );
    const [seen] = await readTimelineMarks(tx, [runId]);
    const steps = await readSteps(tx, { runId, after: from.change, limit });
    const calls = await listRunCalls(tx, { runId, after: from.call, limit });
    const tools = await listRunToolCalls(tx, { runId, after: from.tool, limit });
    const { nodes, next } = mergeNodes({ steps, tools, calls }, from, limit);
    const spent = (await sumSpendByRun(tx, { orgId, runIds: [runId] })).get(runId);
    const attempts = await readAttempts(tx, runId);
    return {
      nodes,
      next,
      mark: seen?.mark ?? '',
      isEnd: ENDS.has(state) && seen?.isAll === true && nodes.length < limit,
      summary: {
        state,
        attempts: attempts.map(toAttempt),
        cost_usd: formatUsd(spent?.costPusd ?? 0n),
        calls: spent?.calls ?? 0,
      },
    };
  });
}
