import { type Db, type Executor, inTenant, sql, type Tx } from '@sagewai/postgres';
import type {
  EnforcementMode,
  EnrollmentKeyId,
  OrganizationId,
  ProjectId,
  WorkerId,
  WorkerScope,
  WorkerState,
} from '@sagewai/wire';

import type { WorkerPublicKey } from '../identity/worker-keys.sql.ts';
import type { Probe } from './probe.ts';
import type { Ramp } from './version.ts';
import { RAMP } from './versions.sql.ts';
import type { WorkerRecord } from './worker.ts';

export interface NewWorker {
  readonly id: WorkerId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly name: string;
  readonly pool: string;
  readonly models: readonly string[];
  readonly modelsCanonical: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly maxConcurrent: number;
  readonly state: 'pending' | 'approved';
  readonly reason: string | null;
  /** Null while pending. */
  readonly decidedBy: string | null;
  /** The enrollment key or token that vouched for it. */
  readonly enrolledBy: EnrollmentKeyId | null;
  readonly scopes: readonly WorkerScope[];
  readonly key: WorkerPublicKey | null;
}

/** Records a worker and its first session. */
export async function insertWorker(tx: Tx, worker: NewWorker): Promise<void> {
  await sql`
    with recorded as (
      insert into worker (id, org_id, project_id, name, pool, models, models_canonical, labels,
                          max_concurrent, state, reason, decided_at, decided_by, enrolled_by, scopes, public_key,
                          key_thumbprint)
      values (${worker.id}, ${worker.orgId}, ${worker.projectId}, ${worker.name}, ${worker.pool},
              ${[...worker.models]}, ${[...worker.modelsCanonical]},
              ${JSON.stringify(worker.labels)}::jsonb, ${worker.maxConcurrent}, ${worker.state},
              ${worker.reason},
              case when ${worker.decidedBy}::text is not null then app_now() end,
              ${worker.decidedBy}::text, ${worker.enrolledBy}::uuid, ${[...worker.scopes]}::text[],
              ${worker.key?.x ?? null}, ${worker.key?.thumbprint ?? null})
      returning num
    )
    insert into worker_session (worker_num, worker_id, org_id, pool, max_concurrent, state,
                                session_epoch, last_seen_at, generation)
    select num, ${worker.id}, ${worker.orgId}, ${worker.pool}, ${worker.maxConcurrent},
           ${worker.state}, 1, app_now(), ${worker.key === null ? 0 : 1}::integer
    from recorded
  `.execute(tx);
}

/** How many workers of the organization wait for a decision. */
export async function countUndecided(tx: Executor, orgId: OrganizationId): Promise<number> {
  const { rows } = await sql<{ workers: number }>`
    select count(*)::int as workers from worker where org_id = ${orgId} and state = 'pending'
  `.execute(tx);
  return rows[0]?.workers ?? 0;
}

/** Compare and set; null: it is in none of the states `from`, or not the transaction's organization's. */
export async function decideWorker(
  tx: Executor,
  decision: {
    readonly id: WorkerId;
    readonly from: readonly WorkerState[];
    readonly to: WorkerState;
    readonly by: string;
  },
): Promise<number | null> {
  const { id, from, to, by } = decision;
  const { rows } = await sql<{ num: number | null }>`
    select fleet_decide_worker(${id}, ${[...from]}::text[], ${to}, ${by}) as num
  `.execute(tx);
  return rows[0]?.num ?? null;
}

/** Who approved a pending worker first; null: nobody yet. Waits for another approval under way. */
export async function lockFirstApproval(tx: Tx, id: WorkerId): Promise<string | null> {
  const { rows } = await sql<{ by: string | null }>`
    select first_approved_by as by from worker where id = ${id} and state = 'pending' for update
  `.execute(tx);
  return rows[0]?.by ?? null;
}

/** False when there is no such worker that waits for its first approval. */
export async function noteFirstApproval(
  tx: Tx,
  { id, by }: { readonly id: WorkerId; readonly by: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    update worker set first_approved_by = ${by}, first_approved_at = app_now()
    where id = ${id} and state = 'pending' and first_approved_by is null
  `.execute(tx);
  return rowCount === 1;
}

interface RecordRow {
  readonly id: WorkerId;
  readonly num: number;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly name: string;
  readonly state: WorkerState;
  readonly sessionEpoch: bigint;
  readonly maxConcurrent: number;
  readonly draining: boolean;
  readonly pool: string;
  readonly models: string[];
  readonly modelsCanonical: string[];
  readonly labels: Record<string, string>;
  readonly scopes: WorkerScope[];
  readonly publicKey: string | null;
  readonly keyThumbprint: string | null;
  readonly enforcement: EnforcementMode;
  readonly version: string | null;
  readonly ramp: Ramp | null;
}

/** What is recorded of these workers, whatever their organizations; unknown ones are left out. */
export async function readWorkerRecords(
  db: Db,
  ids: readonly WorkerId[],
  probeStaleMs: number,
): Promise<Map<WorkerId, WorkerRecord>> {
  const { rows: sessions } = await sql<{ orgId: OrganizationId }>`
    select distinct org_id as "orgId" from worker_session where worker_id = any(${[...ids]}::uuid[])
  `.execute(db);
  if (sessions.length === 0) return new Map();
  const orgIds = sessions.map(({ orgId }) => orgId);
  const { rows } = await inTenant(db, orgIds, (tx) =>
    sql<RecordRow>`
      select w.id, w.num, w.org_id as "orgId", w.project_id as "projectId", w.name, w.state,
             s.session_epoch as "sessionEpoch", w.max_concurrent as "maxConcurrent", w.pool, w.models,
             array(
               select m from unnest(w.models_canonical) with ordinality as c(m, n)
               where p.sick is null or not m = any(p.sick)  -- P1
               order by n
             ) as "modelsCanonical", w.labels, w.scopes, w.public_key as "publicKey",
             w.key_thumbprint as "keyThumbprint", coalesce(f.enforcement, 'off') as enforcement,
             s.draining_at is not null as draining, s.version, ${RAMP} as ramp
      from worker w join worker_session s on s.worker_num = w.num
        left join pool_setting ps on ps.org_id = w.org_id and ps.pool = w.pool
        left join fleet_setting f on f.org_id = w.org_id
        left join worker_probe p on p.worker_id = w.id
          and p.probed_at > app_now() - ${probeStaleMs} * interval '1 millisecond'  -- P2
      where w.id = any(${[...ids]}::uuid[])
    `.execute(tx),
  );
  return new Map(rows.map((row) => [row.id, toRecord(row)]));
}

function toRecord(row: RecordRow): WorkerRecord {
  const { orgId, projectId, pool, labels, modelsCanonical: models, version, ramp } = row;
  return {
    id: row.id,
    num: row.num,
    name: row.name,
    state: row.state,
    sessionEpoch: row.sessionEpoch,
    maxConcurrent: row.maxConcurrent,
    draining: row.draining,
    models: row.models,
    scopes: row.scopes,
    publicKey: row.publicKey,
    keyThumbprint: row.keyThumbprint,
    enforcement: row.enforcement,
    capabilities: { orgId, projectId, pool, models, labels, version, ramp },
  };
}

/** Which of these workers may not claim. */
export async function findUnapproved(
  dispatch: Executor,
  ids: readonly WorkerId[],
): Promise<WorkerId[]> {
  const { rows } = await sql<{ id: WorkerId }>`
    select worker_id as id from worker_session
    where worker_id = any(${[...ids]}::uuid[]) and state <> 'approved'
  `.execute(dispatch);
  return rows.map(({ id }) => id);
}

/** A worker as it is listed. */
export interface WorkerRow {
  readonly id: WorkerId;
  readonly name: string;
  readonly projectId: ProjectId | null;
  readonly state: WorkerState;
  readonly reason: string | null;
  readonly pool: string;
  readonly models: string[];
  readonly modelsCanonical: string[];
  readonly labels: Record<string, string>;
  readonly version: string | null;
  readonly maxConcurrent: number;
  readonly activeRuns: number;
  readonly draining: boolean;
  readonly probes: Probe[] | null;
  readonly probedAt: Date | null;
  readonly probeAgeMs: number | null;
  readonly lastSeenAt: Date | null;
  readonly registeredAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
  readonly firstApprovedBy: string | null;
  readonly dualApproval: boolean;
}

export interface WorkerFilter {
  readonly orgId: OrganizationId;
  readonly id?: WorkerId;
  readonly state?: WorkerState | undefined;
  readonly pool?: string | undefined;
  readonly limit: number;
}

/** The latest first. */
export async function listWorkers(tx: Executor, filter: WorkerFilter): Promise<WorkerRow[]> {
  const conditions = [sql`w.org_id = ${filter.orgId}`];
  if (filter.id !== undefined) conditions.push(sql`w.id = ${filter.id}`);
  if (filter.state !== undefined) conditions.push(sql`w.state = ${filter.state}`);
  if (filter.pool !== undefined) conditions.push(sql`w.pool = ${filter.pool}`);
  const { rows } = await sql<WorkerRow>`
    select w.id, w.name, w.project_id as "projectId", w.state, w.reason, w.pool, w.models,
           w.models_canonical as "modelsCanonical", w.labels, s.version, w.max_concurrent as "maxConcurrent",
           (select count(*)::int from lease l where l.worker_num = w.num) as "activeRuns",
           s.draining_at is not null as draining,
           p.results as probes, p.probed_at as "probedAt",
           extract(epoch from app_now() - p.probed_at)::float8 * 1000 as "probeAgeMs",
           s.last_seen_at as "lastSeenAt", w.registered_at as "registeredAt",
           w.decided_at as "decidedAt", w.decided_by as "decidedBy",
           w.first_approved_by as "firstApprovedBy",
           coalesce((select f.dual_approval from fleet_setting f where f.org_id = w.org_id), false)
             as "dualApproval"
    from worker w join worker_session s on s.worker_num = w.num
    left join worker_probe p on p.worker_id = w.id
    where ${sql.join(conditions, ' and ')}
    order by w.num desc limit ${filter.limit}
  `.execute(tx);
  return rows;
}

export async function countWorkers(
  tx: Executor,
  filter: Omit<WorkerFilter, 'limit'>,
): Promise<number> {
  const conditions = [sql`org_id = ${filter.orgId}`];
  if (filter.state !== undefined) conditions.push(sql`state = ${filter.state}`);
  if (filter.pool !== undefined) conditions.push(sql`pool = ${filter.pool}`);
  const { rows } = await sql<{ workers: number }>`
    select count(*)::int as workers from worker where ${sql.join(conditions, ' and ')}
  `.execute(tx);
  return rows[0]?.workers ?? 0;
}
