import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

/** Where the calls of tools of a run were read to. */
export interface RunToolCallPlace {
  readonly endedXid: bigint;
  readonly id: string;
}

export interface RunToolCall extends RunToolCallPlace {
  readonly tool: string;
  readonly mode: string;
  readonly step: string | null;
  readonly state: string;
  readonly error: string | null;
  readonly attempts: number;
  readonly argumentsDigest: string;
  readonly resultDigest: string | null;
  readonly decidedBy: string | null;
  readonly startedAt: Date;
  readonly at: Date;
}

/**
 * Calls of tools of a run that are over, in the order of the transactions that ended them. One that is still open may
 * end some before those that are seen: nothing at or after it is told yet, so that whoever goes on misses nothing.
 */
export async function listRunToolCalls(
  tx: Executor,
  of: { readonly runId: RunId; readonly after: RunToolCallPlace | null; readonly limit: number },
): Promise<RunToolCall[]> {
  const { endedXid, id } = of.after ?? { endedXid: 0n, id: ZERO };
  const { rows } = await sql<RunToolCall>`
    select ended_xid::text::bigint as "endedXid", id, tool_name as tool, mode, step, state, error,
           attempt as attempts, arguments_digest as "argumentsDigest", result_digest as "resultDigest",
           decided_by as "decidedBy", created_at as "startedAt", ended_at as at
    from tool_call
    where run_id = ${of.runId} and ended_at is not null
      and (ended_xid::text::bigint, id) > (${endedXid}::bigint, ${id}::uuid)
      and ended_xid < pg_snapshot_xmin(pg_current_snapshot())
    order by ended_xid::text::bigint, id limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** How far the calls of tools of runs can be told. */
export interface RunToolCallMark {
  readonly runId: RunId;
  /** Changes whenever there is more to tell. */
  readonly last: bigint;
  /** None is being made, and none that is over is held back. */
  readonly isAll: boolean;
}

/** Read before a list, it says whether the list has all. Runs without calls of tools are left out. */
export async function markRunToolCalls(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<readonly RunToolCallMark[]> {
  const { rows } = await sql<RunToolCallMark>`
    select run_id as "runId",
           coalesce(max(ended_xid::text::bigint) filter (where ended_xid < now.xmin), 0) as last,
           bool_and(state <> 'running' and (ended_at is null or ended_xid < now.xmin)) as "isAll"
    from tool_call cross join (select pg_snapshot_xmin(pg_current_snapshot())) as now(xmin)
    where run_id = any(${[...runIds]}::uuid[])
    group by run_id
  `.execute(tx);
  return rows;
}

const ZERO = '00000000-0000-0000-0000-000000000000';
