import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { Limit, LimitPlace, Limits } from './limit.ts';

interface Row extends Omit<Limit, 'rate'> {
  readonly startsMax: number | null;
  readonly startsPerMs: number | null;
}

const COLUMNS = sql`
  d.org_id as "orgId", d.pool, d.project_id as "projectId", d.weight::float8 as weight, d.paused,
  d.max_running as "maxRunning", d.max_queued as "maxQueued", d.starts_max as "startsMax",
  d.starts_per_ms as "startsPerMs"`;

/** Of an organization: what its projects and pools were given. Concurrency keys are not among them. */
export async function readLimits(db: Executor, orgId: OrganizationId): Promise<Limit[]> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from dispatch_limit d
    where d.org_id = ${orgId} and d.key is null order by d.pool nulls first, d.project_id nulls first
  `.execute(db);
  return rows.map(toLimit);
}

/** For a change of it: nobody else changes it meanwhile. Null: none was set. */
export async function readLimit(
  tx: Tx,
  { orgId, pool, projectId }: LimitPlace,
): Promise<Limit | null> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from dispatch_limit d
    where d.org_id = ${orgId} and d.pool is not distinct from ${pool}
      and d.project_id is not distinct from ${projectId}::uuid and d.key is null
    for update
  `.execute(tx);
  return rows[0] === undefined ? null : toLimit(rows[0]);
}

/** Of an organization, or the one that a token is bound to. */
export async function readProjectNames(
  tx: Executor,
  orgId: OrganizationId,
  only: ProjectId | null,
): Promise<{ readonly projectId: ProjectId; readonly name: string }[]> {
  const { rows } = await sql<{ projectId: ProjectId; name: string }>`
    select id as "projectId", name from project
    where org_id = ${orgId} and (${only}::uuid is null or id = ${only}::uuid) order by name
  `.execute(tx);
  return rows;
}

export interface ProjectFacts {
  readonly projectId: ProjectId;
  /** F5. Null: 1. */
  readonly weight: number | null;
  readonly isCapped: boolean;
}

/** Of all projects that have a weight or a cap. */
export async function readProjectFacts(db: Executor): Promise<ProjectFacts[]> {
  const { rows } = await sql<ProjectFacts>`
    select d.project_id as "projectId", d.weight::float8 as weight,
           d.max_running is not null as "isCapped"
    from dispatch_limit d
    where d.pool is null and d.key is null and (d.weight is not null or d.max_running is not null)
  `.execute(db);
  return rows;
}

/** Sets all limits of one place, and leaves it paused or not as it is. */
export async function setLimits(tx: Tx, place: LimitPlace, limits: Limits): Promise<Limit> {
  const { orgId, pool, projectId } = place;
  const { maxRunning, maxQueued, rate, weight } = limits;
  const { rows } = await sql<Row & { limitId: number }>`
    insert into dispatch_limit as d
      (org_id, pool, project_id, weight, max_running, max_queued, starts_max, starts_per_ms)
    values (${orgId}, ${pool}, ${projectId}, ${weight}, ${maxRunning}, ${maxQueued},
            ${rate?.starts ?? null}, ${rate?.perMs ?? null})
    on conflict (org_id, project_id, pool, key) do update
    set weight = excluded.weight, max_running = excluded.max_running, max_queued = excluded.max_queued,
        starts_max = excluded.starts_max, starts_per_ms = excluded.starts_per_ms,
        -- Starts that were counted in slots of another length say nothing.
        starts = case when d.starts_per_ms = excluded.starts_per_ms then d.starts end,
        starts_slot = case when d.starts_per_ms = excluded.starts_per_ms then d.starts_slot end
    returning d.limit_id as "limitId", ${COLUMNS}
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('a limit is inserted or updated');
  await startCounting(tx, row.limitId);
  return toLimit(row);
}

/** What waits and what runs already counts from now on. */
async function startCounting(tx: Tx, limitId: number): Promise<void> {
  await sql`
    update dispatch_limit d set queued = fleet_queued_of(d)
    where d.limit_id = ${limitId} and d.max_queued is not null
  `.execute(tx);
  await sql`
    update lease l set project_cap = d.limit_id
    from dispatch_limit d join subqueue q on q.org_id = d.org_id and q.project_id = d.project_id
    where d.limit_id = ${limitId} and d.max_running is not null and q.sq = l.sq
      and l.project_cap is distinct from d.limit_id
  `.execute(tx);
}

/** True when that changed something. */
export async function setPaused(tx: Tx, place: LimitPlace, paused: boolean): Promise<boolean> {
  const { orgId, pool, projectId } = place;
  const { rows } = paused
    ? await sql<{ limitId: number }>`
        insert into dispatch_limit as d (org_id, pool, project_id, paused)
        values (${orgId}, ${pool}, ${projectId}, true)
        on conflict (org_id, project_id, pool, key) do update set paused = true where not d.paused
        returning d.limit_id as "limitId"
      `.execute(tx)
    : await sql<{ limitId: number }>`
        update dispatch_limit d set paused = false
        where d.org_id = ${orgId} and d.pool is not distinct from ${pool} and d.paused
          and d.project_id is not distinct from ${projectId}::uuid and d.key is null
        returning d.limit_id as "limitId"
      `.execute(tx);
  return rows.length > 0;
}

/** Puts right what limits have counted, and counts what the server may still queue. */
export async function mendLimits(db: Executor, queuedMax: number): Promise<void> {
  await sql`select fleet_mend_limits(${queuedMax})`.execute(db);
}

/** Takes up to `count` from what the server may still queue; 0: nothing is left. */
export async function takeRoom(db: Executor, count: number): Promise<number> {
  const { rows } = await sql<{ taken: number }>`
    with now as (select room from queue_room for update)
    update queue_room q set room = q.room - least(greatest(0, now.room), ${count}::bigint)
    from now returning least(greatest(0, now.room), ${count}::bigint)::float8 as taken
  `.execute(db);
  // Before the first count nothing is known of the queue, and nothing was refused yet.
  return rows[0]?.taken ?? count;
}

export interface BacklogCount {
  readonly orgId: OrganizationId;
  readonly pool: string;
  readonly projectId: ProjectId;
  /** Could start, if a worker were free. */
  readonly pending: number;
  /** What waits and is held back, by what holds it. */
  readonly paused: number;
  readonly cap: number;
  readonly rate: number;
  /** Null: nothing waits. */
  readonly oldestAt: Date | null;
}

/** The backlog as it was counted last, of one organization or of all (for metrics). */
export async function readBacklog(
  db: Executor,
  orgId: OrganizationId | null,
): Promise<BacklogCount[]> {
  const { rows } = await sql<BacklogCount>`
    select org_id as "orgId", pool, project_id as "projectId", pending::float8 as pending,
           paused::float8 as paused, cap::float8 as cap, rate::float8 as rate, oldest_at as "oldestAt"
    from backlog_count where ${orgId}::uuid is null or org_id = ${orgId}::uuid
    order by org_id, pool, project_id
  `.execute(db);
  return rows;
}

/** What binds the runs of one subqueue now: for whoever explains why a run does not start. */
export interface Binding extends LimitPlace {
  readonly key: string | null;
  readonly maxRunning: number | null;
  readonly startsMax: number | null;
  readonly startsPerMs: number | null;
  /** How many may start now; null: any number. */
  readonly room: number | null;
  readonly held: 'paused' | 'cap' | 'rate' | null;
}

export async function readBindings(
  db: Executor,
  orgId: OrganizationId,
  sq: number,
): Promise<Binding[]> {
  const { rows } = await sql<Binding>`
    select d.org_id as "orgId", d.pool, d.project_id as "projectId", d.key,
           d.max_running as "maxRunning", d.starts_max as "startsMax", d.starts_per_ms as "startsPerMs",
           l.room, case when l.room = 0 then l.held end as held
    from fleet_limits_of(${orgId}, array[${sq}]::integer[]) x
    join dispatch_limit d on d.limit_id = x.limit_id
    cross join lateral fleet_limit_left(d) l
    order by d.limit_id
  `.execute(db);
  return rows;
}

function toLimit({ startsMax, startsPerMs, ...row }: Row): Limit {
  const { orgId, pool, projectId, weight, paused, maxRunning, maxQueued } = row;
  const rate =
    startsMax === null || startsPerMs === null ? null : { starts: startsMax, perMs: startsPerMs };
  return { orgId, pool, projectId, weight, paused, maxRunning, maxQueued, rate };
}
