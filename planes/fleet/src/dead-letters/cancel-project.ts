import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import { cancelTrees } from '../dispatch/queue.sql.ts';
import { belowOf, recordBelow } from '../runs/children.sql.ts';
import { recordCancelled } from '../runs/record-cancelled.ts';
import { livingRuns, previewRuns } from './bulk-operations.sql.ts';

export interface ProjectToCancel {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly actor: string;
  /** Asked in the transaction of each few, which holds it to the answer. */
  readonly isWanted: (tx: Tx) => Promise<boolean>;
}

/**
 * Cancels what a project has queued, put off or waiting, a few at a time, and tells its workers to stop; no more as soon
 * as nobody wants that.
 */
export async function cancelProject(
  {
    db,
    batch,
    touch,
  }: {
    readonly db: Db;
    readonly batch: number;
    /** Whoever waits for the run looks. */
    readonly touch: (runId: RunId) => void;
  },
  of: ProjectToCancel,
  signal: AbortSignal,
): Promise<void> {
  const { orgId, actor } = of;
  const limits = { count: batch, sample: batch };
  for (const state of ['queued', 'scheduled', 'waiting', 'running'] as const) {
    let isMore = true;
    while (isMore && !signal.aborted) {
      isMore = await inTenant(db, [orgId], async (tx) => {
        if (!(await of.isWanted(tx))) return false;
        const { sample } = await previewRuns(tx, livingRuns({ ...of, state }), limits);
        if (sample.length === 0) return false;
        const cancelled = await cancelTrees(tx, sample);
        tx.onCommit(() => {
          for (const { runId } of cancelled) touch(runId);
        });
        await recordCancelled(tx, { orgId, actor }, cancelled);
        await recordBelow(tx, belowOf(cancelled));
        // One that runs stays until its worker has stopped.
        return state !== 'running' && sample.length === limits.sample;
      });
    }
  }
}
