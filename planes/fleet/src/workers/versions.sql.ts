import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, WorkerId } from '@sagewai/wire';

import type { Ramp } from './version.ts';

/** The ramp of a pool whose setting is joined as `ps`. */
export const RAMP: Statement<unknown> = sql`
  case when ps.ramp_version is not null
       then json_build_object('version', ps.ramp_version, 'percent', ps.ramp_percent) end
`;

/** What the worker says when it opens a session; null: it says nothing. */
export async function noteVersion(tx: Tx, id: WorkerId, version: string | null): Promise<void> {
  await sql`
    update worker_session set version = ${version}::text
    where worker_id = ${id} and version is distinct from ${version}::text
  `.execute(tx);
}

/** Null ends it. */
export async function setRamp(
  tx: Tx,
  { orgId, pool }: { readonly orgId: OrganizationId; readonly pool: string },
  ramp: Ramp | null,
): Promise<void> {
  await sql`
    insert into pool_setting (org_id, pool, ramp_version, ramp_percent)
    values (${orgId}, ${pool}, ${ramp?.version ?? null}, ${ramp?.percent ?? null})
    on conflict (org_id, pool) do update
      set ramp_version = excluded.ramp_version, ramp_percent = excluded.ramp_percent
  `.execute(tx);
}

/** Of all pools of these organizations that have one, by organization and pool. */
export async function readRamps(
  db: Executor,
  orgIds: readonly OrganizationId[],
): Promise<Map<string, Ramp>> {
  const { rows } = await sql<{ orgId: OrganizationId; pool: string; ramp: Ramp }>`
    select ps.org_id as "orgId", ps.pool, ${RAMP} as ramp from pool_setting ps
    where ps.org_id = any(${[...orgIds]}::uuid[]) and ps.ramp_version is not null
  `.execute(db);
  return new Map(rows.map(({ orgId, pool, ramp }) => [`${orgId} ${pool}`, ramp]));
}

export interface VersionRow {
  readonly pool: string;
  /** Null: workers that say none. */
  readonly version: string | null;
  /** Approved ones that were heard lately. */
  readonly workers: number;
  readonly slots: number;
  readonly active: number;
  readonly ramp: Ramp | null;
}

/** What versions the workers of each pool have, and what is ramped, whether anybody has it yet or not. */
export async function listVersions(
  tx: Executor,
  { orgId, heardMs }: { readonly orgId: OrganizationId; readonly heardMs: number },
): Promise<VersionRow[]> {
  const { rows } = await sql<VersionRow>`
    with live as (
      select s.pool, s.version, s.max_concurrent,
             (select count(*)::int from lease l where l.worker_num = s.worker_num) as active
      from worker_session s
      where s.org_id = ${orgId} and s.state = 'approved'
        and s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond'
    ), named as (
      select pool, version from live
      union
      select pool, ramp_version from pool_setting where org_id = ${orgId} and ramp_version is not null
    )
    select n.pool, n.version, count(l.pool)::int as workers,
           coalesce(sum(l.max_concurrent), 0)::int as slots, coalesce(sum(l.active), 0)::int as active,
           ${RAMP} as ramp
    from named n
    left join live l on l.pool = n.pool and l.version is not distinct from n.version
    left join pool_setting ps on ps.org_id = ${orgId} and ps.pool = n.pool
    group by n.pool, n.version, ps.ramp_version, ps.ramp_percent
    order by n.pool, n.version nulls first
  `.execute(tx);
  return rows;
}

/** Which versions satisfy the pin of which match class is decided here and not by the database. */
export async function readPins(
  db: Executor,
): Promise<{ readonly classId: number; readonly pin: string; readonly version: string }[]> {
  const { rows } = await sql<{ classId: number; pin: string; version: string }>`
    select distinct c.class_id as "classId", c.routing ->> 'pin' as pin, s.version
    from match_class c
    join worker_session s on s.org_id = c.org_id and s.pool = c.pool
    where c.routing ->> 'pin' is not null and s.version is not null and s.state = 'approved'
  `.execute(db);
  return rows;
}
