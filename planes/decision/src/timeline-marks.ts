import { markRunToolCalls } from '@sagewai/action';
import { readStates } from '@sagewai/fleet';
import { markRunCalls } from '@sagewai/ledger';
import type { Executor } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { readChanges } from './steps.sql.ts';

export interface TimelineMark {
  readonly runId: RunId;
  /** Differs once there may be more to tell. */
  readonly mark: string;
  /** T1. No call that is over is held back, and no tool is being called. */
  readonly isAll: boolean;
}

/** How far these runs are. Runs that nobody knows are left out. */
export async function readTimelineMarks(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<readonly TimelineMark[]> {
  const states = await readStates(tx, runIds);
  const changes = await readChanges(tx, runIds);
  const calls = new Map((await markRunCalls(tx, runIds)).map((one) => [one.runId, one]));
  const tools = new Map((await markRunToolCalls(tx, runIds)).map((one) => [one.runId, one]));
  return states.map(({ runId, state }) => {
    const of = [calls.get(runId), tools.get(runId)];
    const marks = of.map((one) => (one === undefined ? '' : `${one.last}${one.isAll ? '' : '+'}`));
    return {
      runId,
      mark: [state, changes.get(runId) ?? 0n, ...marks].join(' '),
      isAll: of.every((one) => one?.isAll ?? true),
    };
  });
}
