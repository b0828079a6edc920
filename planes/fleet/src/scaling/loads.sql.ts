import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, WorkerId } from '@sagewai/wire';

import type { Line } from '../matching/subqueue.ts';
import type { Ramp } from '../workers/version.ts';
import { RAMP } from '../workers/versions.sql.ts';

/** A worker of a pool, with what it holds. Its load is counted from leases: what it says never counts. */
export interface PoolWorker {
  readonly id: WorkerId;
  readonly name: string;
  readonly num: number;
  readonly projectId: ProjectId | null;
  readonly models: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string | null;
  readonly ramp: Ramp | null;
  readonly max: number;
  readonly active: number;
  /** Of the last lease that it was given; 0: none is known. */
  readonly lastEpoch: bigint;
}

export interface PoolAsked {
  readonly orgId: OrganizationId;
  readonly pool: string;
  readonly heardMs: number;
}

/** The approved workers of a pool that were heard within `heardMs`. */
export async function readPoolWorkers(tx: Executor, of: PoolAsked): Promise<PoolWorker[]> {
  const { rows } = await sql<PoolWorker>`
    ${poolWorkers(of)} order by w.num
  `.execute(tx);
  return rows;
}

/** The same, and the head of a line, both as of one moment: a run is waiting or held, never both. */
export async function readWorkersAndHead(
  tx: Executor,
  of: PoolAsked,
  { line, limit }: { readonly line: Line; readonly limit: number },
): Promise<{ workers: PoolWorker[]; head: bigint[] }> {
  const { rows } = await sql<PoolWorker & { head: string[] }>`
    select x.*, array(
      select seq::text from ready where sq = ${line.sq} and prio = ${line.prio}
      order by seq limit ${limit}
    ) as head
    from (${poolWorkers(of)}) x order by x.num
  `.execute(tx);
  return { workers: rows, head: (rows[0]?.head ?? []).map(BigInt) };
}

function poolWorkers(of: PoolAsked): Statement<unknown> {
  return sql`
    select w.id, w.name, w.num, w.project_id as "projectId", w.models_canonical as models, w.labels, s.version, ${RAMP} as ramp,
           w.max_concurrent as max, held.active,
           greatest(held.epoch, t.last_epoch, 0) as "lastEpoch"
    from worker w
    join worker_session s on s.worker_num = w.num
    left join worker_turn t on t.worker_num = w.num
    left join pool_setting ps on ps.org_id = w.org_id and ps.pool = w.pool
    cross join lateral (
      select count(*)::int as active, max(l.epoch) as epoch from lease l where l.worker_num = w.num
    ) held
    where w.org_id = ${of.orgId} and w.pool = ${of.pool} and w.state = 'approved'
      and s.state = 'approved' and s.draining_at is null
      and s.last_seen_at > app_now() - ${of.heardMs} * interval '1 millisecond'
  `;
}

/** The numbers of the first runs of a line: at most so many are looked at, however many there are (F4). */
export async function readHead(db: Executor, { sq, prio }: Line, limit: number): Promise<bigint[]> {
  const { rows } = await sql<{ seq: bigint }>`
    select seq from ready where sq = ${sq} and prio = ${prio} order by seq limit ${limit}
  `.execute(db);
  return rows.map(({ seq }) => seq);
}

/** Whose turn it was; what a worker holds tells it as well, until it has ended. */
export async function rememberTurns(
  db: Executor,
  turns: ReadonlyMap<number, bigint>,
): Promise<void> {
  await sql`
    insert into worker_turn (worker_num, last_epoch)
    select t.worker_num, t.last_epoch
    from unnest(${[...turns.keys()]}::integer[], ${[...turns.values()]}::bigint[])
      as t(worker_num, last_epoch)
    order by t.worker_num
    on conflict (worker_num) do update
      set last_epoch = greatest(worker_turn.last_epoch, excluded.last_epoch)
  `.execute(db);
}
