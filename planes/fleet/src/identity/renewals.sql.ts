/**
 * Generations of a worker's token.
 *
 * - K1. Each renewal makes the next generation, and what it asks for by the same name is answered the same.
 * - K2. A renewal of an older generation gets nothing: two have the token.
 * - K3. A proof registers or binds once, and a key pair that was banned never again (`worker-keys.sql.ts`).
 */
import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, WorkerId, WorkerState } from '@sagewai/wire';

export interface Renewal {
  readonly workerId: WorkerId;
  readonly orgId: OrganizationId;
  /** Null: with a new session. */
  readonly sessionEpoch: bigint | null;
  /** As its holder knows it. */
  readonly generation: bigint;
  /** Names the renewal. */
  readonly renewalId: string;
}

export interface Renewed {
  readonly sessionEpoch: bigint;
  readonly generation: bigint;
}

/** Null: see `readSession` for why. */
export async function renew(tx: Executor, renewal: Renewal): Promise<Renewed | null> {
  const { workerId, orgId, sessionEpoch, generation, renewalId } = renewal;
  const { rows } = await sql<Renewed>`
    select session_epoch as "sessionEpoch", generation
    from fleet_renew(${workerId}, ${orgId}, ${sessionEpoch}, ${generation}, ${renewalId}::uuid)
  `.execute(tx);
  return rows[0] ?? null;
}

/** As `renew` for many workers, each named once; in the order of the workers, lest two replicas block each other. */
export async function renewAll(
  db: Executor,
  renewals: readonly Renewal[],
): Promise<(Renewed | null)[]> {
  const { rows } = await sql<{
    sessionEpoch: bigint | null;
    generation: bigint | null;
  }>`
    with given as materialized (
      select g.* from unnest(
        ${renewals.map((one) => one.workerId)}::uuid[],
        ${renewals.map((one) => one.orgId)}::uuid[],
        ${renewals.map((one) => one.sessionEpoch)}::bigint[],
        ${renewals.map((one) => one.generation)}::bigint[],
        ${renewals.map((one) => one.renewalId)}::uuid[]
      ) with ordinality as g(worker_id, org_id, session_epoch, generation, renewal_id, n)
      order by g.worker_id
    ), done as materialized (
      select g.n, r.session_epoch, r.generation
      from given g cross join lateral
        fleet_renew(g.worker_id, g.org_id, g.session_epoch, g.generation, g.renewal_id) r
    )
    select d.session_epoch as "sessionEpoch", d.generation
    from given g left join done d on d.n = g.n order by g.n
  `.execute(db);
  return rows.map(({ sessionEpoch, generation }) =>
    sessionEpoch === null || generation === null ? null : { sessionEpoch, generation },
  );
}

export interface SessionNow extends Renewed {
  readonly state: WorkerState;
}

export async function readSession(tx: Executor, workerId: WorkerId): Promise<SessionNow | null> {
  const { rows } = await sql<SessionNow>`
    select state, session_epoch as "sessionEpoch", generation
    from worker_session where worker_id = ${workerId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Ends all tokens of a worker; the first of its holders to come makes the count begin anew. */
export async function restartGenerations(tx: Tx, workerId: WorkerId): Promise<void> {
  await sql`
    update worker_session
    set generation = 0, renewal_id = null, session_epoch = session_epoch + 1
    where worker_id = ${workerId}
  `.execute(tx);
}
