import { findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { submitRuns } from '../dispatch/queue.sql.ts';
import { readLarge } from '../objects/read-large.ts';
import type { FleetParts } from '../parts.ts';
import { openContents } from '../secrecy/open-contents.ts';
import { findRun } from './runs.sql.ts';
import type { Submission } from './submissions.ts';

export interface RunRepeat {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  /** `token:<id>`. */
  readonly actor: string;
  /** What the new run is given, from what the old one was. */
  readonly payloadOf: (payload: Submission['payload']) => Submission['payload'];
}

export interface RepeatedRun {
  readonly runId: RunId;
}

/** The same work as a new run: where the old one would go, with its number of attempts. */
export async function repeatRun(
  { largeContents, contentKeys, submissions }: FleetParts,
  tx: Tx,
  { runId, orgId, actor, payloadOf }: RunRepeat,
): Promise<RepeatedRun | null> {
  const found = await findRun(tx, runId);
  const rows = found === null ? [] : [found];
  const [row] = await openContents(
    contentKeys,
    { orgId, tx },
    await readLarge(largeContents, orgId, rows),
  );
  const payload = row?.payload;
  if (row === undefined || typeof payload !== 'object' || payload === null) return null;
  const { projectId, pool, model, labels, prio, maxAttempts } = row;
  if ((await findProject(tx, orgId, projectId)) === null) return null; // it is being deleted
  const submission: Submission = {
    payload: payloadOf(payload as Submission['payload']),
    pool,
    model,
    labels,
    priority: 0 - prio,
    max_attempts: maxAttempts,
  };
  const { runs } = await submissions.prepare([submission], { orgId, projectId, actor });
  await submissions.takeRoom(runs.length);
  const [stored] = await submitRuns(tx, runs);
  tx.onCommit(() => submissions.tell(runs));
  return stored === undefined ? null : { runId: stored.runId };
}
