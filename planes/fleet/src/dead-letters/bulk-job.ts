import { type Job, job } from '@sagewai/jobs';
import { inTenant, type Tx } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { cancelTrees } from '../dispatch/queue.sql.ts';
import { bulkDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { belowOf, recordBelow } from '../runs/children.sql.ts';
import { recordCancelled } from '../runs/record-cancelled.ts';
import {
  advanceOperation,
  type BulkOperation,
  finishOperation,
  listDue,
  takeItems,
} from './bulk-operations.sql.ts';
import { discardDeadLetters } from './dead-letters.sql.ts';
import { redrive } from './redrive.ts';

const OPERATIONS_MAX = 50;

/** Does what operations on many runs are about, a few at a time; what is done and what is counted commit together. */
export function bulkJob(parts: FleetParts): Job {
  const { dispatch, settings } = parts;
  return job({
    name: 'fleet.bulk',
    everyMs: settings.bulkEveryMs,
    runsOn: 'leader',
    due: { inMs: bulkDue, atLeastEveryMs: 60_000 },
    converges: 'every operation on many runs is done',
    ifItNeverRuns: 'what was asked for many runs stays a promise',
    run: async (signal) => {
      for (const { id, orgId } of await listDue(dispatch, OPERATIONS_MAX)) {
        while (!signal.aborted) {
          const isOver = await inTenant(parts.db, [orgId], (tx) => step(parts, tx, id));
          if (isOver) break;
        }
      }
    },
  });
}

/** True: nothing is left for us. */
async function step(parts: FleetParts, tx: Tx, id: string): Promise<boolean> {
  const taken = await takeItems(tx, id, parts.settings.bulkBatchMax);
  if (taken === null) return true;
  if (taken.runIds.length === 0) {
    await finishOperation(tx, id);
    return true;
  }
  const done = await apply(parts, tx, taken.operation, taken.runIds);
  await advanceOperation(tx, id, { done, skipped: taken.runIds.length - done });
  return false;
}

async function apply(
  parts: FleetParts,
  tx: Tx,
  { kind, actor, orgId }: BulkOperation,
  runIds: readonly RunId[],
): Promise<number> {
  switch (kind) {
    case 'redrive':
      return (await redrive(parts, tx, { runIds, actor })).size;
    case 'discard':
      return (await discardDeadLetters(tx, runIds)).length;
    case 'cancel': {
      const cancelled = await cancelTrees(tx, runIds);
      tx.onCommit(() => {
        for (const { runId } of cancelled) parts.watch.touch(runId);
      });
      await recordCancelled(tx, { orgId, actor }, cancelled);
      await recordBelow(tx, belowOf(cancelled));
      return cancelled.filter(({ how, below }) => !below && how !== 'ended').length;
    }
  }
}
