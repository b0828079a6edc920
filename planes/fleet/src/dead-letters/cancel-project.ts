import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import { cancelTrees } from '../dispatch/queue.sql.ts';
import { belowOf, recordBelow } from '../runs/children.sql.ts';
import { recordCancelled } from '../runs/record-cancelled.ts';
import { livingRuns, previewRuns } from './bulk-operations.sql.ts';

/** Cancels what a project has queued, put off or waiting, a few at a time, and tells its workers to stop. */
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
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId; readonly actor: string },
  signal: AbortSignal,
): Promise<void> {
  const { orgId, actor } = of;
  const limits = { count: batch, sample: batch };
  for (const state of ['queued', 'scheduled', 'waiting', 'running'] as const) {
    let isMore = true;
    while (isMore && !signal.aborted) {
      isMore = await inTenant(db, [orgId], async (tx) => {
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
