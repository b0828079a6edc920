import type { CallOutput } from '@sagewai/sdk';

import { call } from '../api/server.ts';

const PAGE = 200;
const RUNS_MAX = 1_000;

/** Where a run was. */
export interface Place {
  readonly worker: string | null;
  readonly pool: string;
}

/** Of the newest runs by their ids: the ledger knows the run of a call, and the run knows its worker and pool. */
export async function readPlaces(
  project: string | null,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>();
  let cursor: string | null = null;
  do {
    const page: CallOutput<'runs.listRuns'> = await call(
      'runs.listRuns',
      {
        query: {
          limit: PAGE,
          ...(project === null ? {} : { project }),
          ...(cursor === null ? {} : { cursor }),
        },
      },
      { signal },
    );
    for (const { id, worker_name: worker, pool } of page.runs) places.set(id, { worker, pool });
    cursor = page.next_cursor;
  } while (cursor !== null && places.size < RUNS_MAX);
  return places;
}
