import { type Executor, sql } from '@sagewai/postgres';
import type { PicoUsd, RunId } from '@sagewai/wire';

/** Where the calls of a run were read to. */
export interface RunCallPlace {
  readonly bookedXid: bigint;
  readonly id: string;
  readonly entry: number;
}

export interface RunCall extends RunCallPlace {
  readonly model: string;
  readonly deployment: string;
  readonly status: string;
  readonly costPusd: PicoUsd;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly usageSource: string;
  readonly startedAt: Date;
  readonly at: Date;
  readonly tags: readonly string[] | null;
}

/**
 * The calls of a run after a place, in the order of the transactions that booked them. One that is still open may
 * book before those that are seen: nothing at or after it is told yet, so that whoever goes on misses nothing.
 */
export async function listRunCalls(
  tx: Executor,
  of: { readonly runId: RunId; readonly after: RunCallPlace | null; readonly limit: number },
): Promise<RunCall[]> {
  const { bookedXid, id, entry } = of.after ?? { bookedXid: 0n, id: ZERO, entry: 0 };
  const { rows } = await sql<RunCall>`
    select booked_xid as "bookedXid", id, entry, model, deployment, status, cost_pusd as "costPusd",
           input_tokens as "inputTokens", output_tokens as "outputTokens", usage_source as "usageSource",
           started_at as "startedAt", at, tags
    from spend
    where run_id = ${of.runId}
      and (booked_xid, id, entry) > (${bookedXid}::bigint, ${id}::uuid, ${entry}::smallint)
      and booked_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    order by booked_xid, id, entry limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** How far the calls of runs can be told. */
export interface RunCallMark {
  readonly runId: RunId;
  /** Changes whenever there is more to tell. */
  readonly last: bigint;
  /** Nothing that is booked is held back. */
  readonly isAll: boolean;
}

/** Read before a list, it says whether the list has all. Runs without calls are left out. */
export async function markRunCalls(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<readonly RunCallMark[]> {
  const { rows } = await sql<RunCallMark>`
    select r.id as "runId", told.last, booked.last = told.last as "isAll"
    from unnest(${[...runIds]}::uuid[]) as r(id)
    cross join lateral (
      select booked_xid as last from spend where run_id = r.id order by booked_xid desc limit 1
    ) as booked
    cross join lateral (
      select coalesce(max(booked_xid), 0) as last from spend
      where run_id = r.id and booked_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ) as told
  `.execute(tx);
  return rows;
}

const ZERO = '00000000-0000-0000-0000-000000000000';
