import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { CancelledRun } from '../dispatch/queue.sql.ts';
import type { Line } from '../matching/subqueue.ts';

export interface ChildrenFilter {
  readonly of: RunId;
  /** All under it; else those right under it. */
  readonly tree: boolean;
  /** The last of the page before. */
  readonly cursor?: RunId | undefined;
  readonly limit: number;
}

/** A page of what was submitted under a run, oldest first. */
export async function listChildIds(
  tx: Executor,
  { of, tree, cursor, limit }: ChildrenFilter,
): Promise<RunId[]> {
  const { rows } = await sql<{ runId: RunId }>`
    with recursive under as (
      select c.run_id from run_child c where c.parent_run_id = ${of}
      union
      select c.run_id from under u join run_child c on c.parent_run_id = u.run_id where ${tree}
    )
    select u.run_id as "runId" from under u
    where ${cursor ?? null}::uuid is null or u.run_id > ${cursor ?? null}::uuid
    order by u.run_id limit ${limit}
  `.execute(tx);
  return rows.map(({ runId }) => runId);
}

export interface TreeMember {
  readonly runId: RunId;
  readonly isOver: boolean;
}

/** Everything under a run, however deep; a tree has a bounded number (C3). */
export async function readTree(tx: Executor, of: RunId): Promise<TreeMember[]> {
  const { rows } = await sql<TreeMember>`
    with recursive under as (
      select c.run_id from run_child c where c.parent_run_id = ${of}
      union
      select c.run_id from under u join run_child c on c.parent_run_id = u.run_id
    )
    select u.run_id as "runId", o.run_id is not null as "isOver"
    from under u left join outcome o on o.run_id = u.run_id
  `.execute(tx);
  return rows;
}

/** What was cancelled though nobody asked for it. */
export const belowOf = (cancelled: readonly CancelledRun[]): RunId[] =>
  cancelled.filter(({ below, how }) => below && how !== 'ended').map(({ runId }) => runId);

/** Records what was cancelled because something above it was; after all that locks. */
export async function recordBelow(tx: Executor, runIds: readonly RunId[]): Promise<void> {
  if (runIds.length === 0) return;
  await sql`select fleet_record_below(${[...runIds]}::uuid[])`.execute(tx);
}

/** Cancels, of at most `limit` parents that have ended, the children that were to end with them. */
export async function followParents(db: Executor, limit: number): Promise<RunId[]> {
  const { rows } = await sql<{ runId: RunId }>`
    select run_id as "runId" from fleet_follow_parents(${limit})
  `.execute(db);
  return rows.map(({ runId }) => runId);
}

/** Queues again what waited for its children and has none left, at most `limit`. */
export async function endChildWaits(
  db: Executor,
  limit: number,
): Promise<(Line & { readonly runId: RunId })[]> {
  const { rows } = await sql<Line & { runId: RunId }>`
    select run_id as "runId", sq, prio from fleet_end_child_waits(${limit})
  `.execute(db);
  return rows;
}
