import { type Caller, found } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { cancelTrees } from '../dispatch/queue.sql.ts';
import { submitterOf } from '../identity/calling-person.ts';
import type { FleetParts } from '../parts.ts';
import { openContents } from '../secrecy/open-contents.ts';
import { belowOf, recordBelow } from './children.sql.ts';
import { openRun } from './open-run.ts';
import { placeMistakes } from './place-mistakes.ts';
import { recordCancelled } from './record-cancelled.ts';
import { findRun, findRuns, type RunDetail } from './runs.sql.ts';
import type { Accepted, Submission } from './submissions.ts';
import { toRun } from './to-wire.ts';

export type WireRun = ReturnType<typeof toRun>;

interface SubmittingRuns {
  submitOne(caller: Caller, submission: Submission, runId: RunId): Promise<Accepted>;
  readRuns(tx: Tx, orgId: OrganizationId, runIds: readonly RunId[]): Promise<readonly WireRun[]>;
  readRun(orgId: OrganizationId, runId: RunId): Promise<RunDetail | null>;
  cancelRun(of: {
    readonly orgId: OrganizationId;
    readonly runId: RunId;
    readonly actor: string;
  }): Promise<void>;
}

/** How a higher plane has runs done, and reads of them. */
export function submitting(parts: FleetParts): SubmittingRuns {
  const { db, submissions, contentKeys, watch } = parts;
  return {
    readRun: async (orgId, runId) => {
      const run = await inTenant(db, [orgId], (tx) => findRun(tx, runId));
      return run === null ? null : openRun(parts, run);
    },
    cancelRun: ({ orgId, runId, actor }) =>
      inTenant(db, [orgId], async (tx) => {
        const cancelled = await cancelTrees(tx, [runId]);
        tx.onCommit(() => {
          for (const one of cancelled) watch.touch(one.runId);
        });
        await recordCancelled(tx, { orgId, actor }, cancelled);
        await recordBelow(tx, belowOf(cancelled));
      }),
    submitOne: async (caller: Caller, submission: Submission, runId: RunId): Promise<Accepted> => {
      const submitted = submissions.submit([submission], submitterOf(caller), [runId]);
      const [run] = await placeMistakes('', submitted);
      return found(run, 'There is no such run.');
    },
    readRuns: async (
      tx: Tx,
      orgId: OrganizationId,
      runIds: readonly RunId[],
    ): Promise<readonly WireRun[]> => {
      const rows = await findRuns(tx, runIds);
      return (await openContents(contentKeys, { orgId, tx }, rows)).map(toRun);
    },
  };
}
