import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { Line } from './subqueue.ts';

export interface Rerouted extends Line {
  readonly runId: RunId;
  /** `moved`: it stands in the line `sq` of any worker; `failed`: its worker did not come. */
  readonly how: 'moved' | 'failed';
  /** The subqueue where it stood. */
  readonly was: number;
}

/** Ends waits for one worker whose time has passed, at most `limit`. */
export async function rerouteRuns(db: Executor, limit: number): Promise<Rerouted[]> {
  const { rows } = await sql<Rerouted>`
    select run_id as "runId", sq, prio, how, was from fleet_reroute(${limit})
  `.execute(db);
  return rows;
}

export interface StickyKey {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly key: string;
}

/** The worker that runs with this key go to; `workers`: those that may have them, the best first. */
export async function stickTo(
  tx: Executor,
  { orgId, projectId, key }: StickyKey,
  of: { readonly ttlMs: number; readonly workers: readonly number[] },
): Promise<number> {
  const { rows } = await sql<{ num: number }>`
    select fleet_stick(${orgId}, ${projectId}, ${key}, ${of.ttlMs},
                       ${[...of.workers]}::integer[]) as num
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('fleet_stick answers with one row');
  return row.num;
}

/** Forgets, in the transaction's organizations, keys that nobody has used for so long. */
export async function forgetStickyKeys(tx: Executor, afterMs: number): Promise<void> {
  await sql`
    delete from sticky_key where at < app_now() - ${afterMs} * interval '1 millisecond'
  `.execute(tx);
}
