import { hash } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { submitRuns } from '../dispatch/queue.sql.ts';
import { Lanes } from '../objects/lanes.ts';
import type { FleetParts } from '../parts.ts';
import type { NewRun } from '../runs/run.ts';
import { movePayload } from '../secrecy/move-payload.ts';
import { lockRepeatable, type RepeatableRun } from './dead-letters.sql.ts';

/** The same work as a new run. Its deadline was the old run's. */
export function repeatOf(run: RepeatableRun, actor: string): NewRun {
  const { runId, timeoutMs, retry, ...same } = run;
  return {
    ...same,
    runId: newId<RunId>(),
    deadline: null,
    actor,
    idempotencyKey: null,
    keyLimit: null,
    requestHash: hash('sha256', JSON.stringify(['redrive', runId])),
    plan: {
      redrive_of: runId,
      ...(timeoutMs === null ? {} : { timeout_ms: timeoutMs }),
      ...(retry === null ? {} : { retry }),
    },
  };
}

/**
 * Repeats those that are dead and that nobody has dealt with; each gets one new run, for `fleet_submit`
 * marks the dead letter in the statement that stores the run. Returns the new run of each.
 */
export async function redrive(
  parts: Pick<
    FleetParts,
    'hints' | 'meters' | 'contentKeys' | 'largeContents' | 'settings' | 'submissions'
  >,
  tx: Tx,
  { runIds, actor }: { readonly runIds: readonly RunId[]; readonly actor: string },
): Promise<Map<RunId, RunId>> {
  const { hints, meters } = parts;
  const lanes = new Lanes(parts.settings.objectTransfersMax);
  const moved = await Promise.all(
    (await lockRepeatable(tx, runIds)).map((run) =>
      lanes.run(async () => ({
        from: run.runId,
        to: await movePayload(parts, tx, { from: run.runId, to: repeatOf(run, actor) }),
      })),
    ),
  );
  // What is lost cannot be repeated, and keeps nobody else from it.
  const repeatable = moved.flatMap(({ from, to }) => (to === null ? [] : [{ from, to }]));
  if (repeatable.length === 0) return new Map();
  const runs = repeatable.map(({ to }) => to);
  await parts.submissions.takeRoom(runs.length);
  const stored = await submitRuns(tx, runs);
  tx.onCommit(() => {
    hints.tell(runs.map(({ sq, prio }) => ({ sq, prio, count: 1 })));
    for (const { sq } of runs) meters.moved(sq, 1);
  });
  return new Map(repeatable.map(({ from }, at) => [from, stored[at]?.runId ?? from]));
}
