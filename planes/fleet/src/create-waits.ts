import type { Db } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { GroupCommit } from './group-commit.ts';
import type { FleetParts } from './parts.ts';
import type { NewWait, WaitAnswer } from './waits/wait.ts';
import { beginWaits } from './waits/waits.sql.ts';

export interface WaitsOptions {
  readonly db: Db;
  readonly batchMax: number;
  readonly lanes: number;
  readonly touch: (runId: RunId) => void;
  readonly afterFreed: (sq: number) => void;
  readonly afterQueued: FleetParts['afterQueued'];
}

/** Runs that give up their leases to wait, committed in groups. */
export function createWaits(options: WaitsOptions): GroupCommit<NewWait, WaitAnswer> {
  const { db, batchMax, lanes, touch, afterFreed, afterQueued } = options;
  return new GroupCommit<NewWait, WaitAnswer>({
    commit: async (some) => {
      const answers = await beginWaits(db, some);
      const changed = answers.map(({ how, sq, prio }, at) => {
        const runId = (some[at] as NewWait).runId;
        return { how, runId, sq: sq ?? 0, prio: prio ?? 0 };
      });
      for (const { runId } of changed) touch(runId);
      for (const { sq } of answers) if (sq !== null) afterFreed(sq);
      afterQueued(changed.filter(({ how }) => how === 'resumed'));
      return answers;
    },
    weightMax: batchMax,
    lanes,
    // Two of one run are two transactions: the second finds what the first has done.
    keysOf: ({ runId }) => [runId],
  });
}
