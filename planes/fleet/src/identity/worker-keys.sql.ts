import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { EnrollmentKeyId, OrganizationId, WorkerId } from '@sagewai/wire';

/** A worker's public key: the `x` of its JWK, and the name of it. */
export interface WorkerPublicKey {
  readonly x: string;
  readonly thumbprint: string;
}

/** False when the proof was used before (K3): a recorded request is sent again. */
export async function useProof(
  tx: Tx,
  { orgId, proofId }: { readonly orgId: OrganizationId; readonly proofId: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into used_worker_proof (org_id, proof_id) values (${orgId}, ${proofId}::uuid)
    on conflict do nothing
  `.execute(tx);
  return rowCount === 1;
}

/** Forgets proofs that are too old to be shown again. */
export async function forgetProofs(tx: Tx, keptMs: number): Promise<void> {
  await sql`
    delete from used_worker_proof
    where used_at < app_now() - ${keptMs}::bigint * interval '1 millisecond'
  `.execute(tx);
}

export async function isBanned(
  tx: Executor,
  { orgId, thumbprint }: { readonly orgId: OrganizationId; readonly thumbprint: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    select from banned_worker_key where org_id = ${orgId} and thumbprint = ${thumbprint}
  `.execute(tx);
  return rowCount > 0;
}

/** Nothing when the worker has no key pair: then only its credential ends. */
export async function banKey(
  tx: Tx,
  { id, by }: { readonly id: WorkerId; readonly by: string },
): Promise<void> {
  await sql`
    insert into banned_worker_key (org_id, thumbprint, worker_id, banned_by)
    select org_id, key_thumbprint, id, ${by} from worker
    where id = ${id} and key_thumbprint is not null
    on conflict do nothing
  `.execute(tx);
}

export interface Binding {
  readonly id: WorkerId;
  readonly key: WorkerPublicKey;
  /** Named by its proof as a renewal is (K1): the same again is answered the same. */
  readonly proofId: string;
}

/** Gives a key pair to a worker that has none; false when it has one. */
export async function bindKey(tx: Tx, { id, key, proofId }: Binding): Promise<boolean> {
  const { rowCount } = await sql`
    with bound as (
      update worker set public_key = ${key.x}, key_thumbprint = ${key.thumbprint}
      where id = ${id} and public_key is null
      returning num
    )
    update worker_session s set generation = 1, renewal_id = ${proofId}::uuid
    from bound b where s.worker_num = b.num
  `.execute(tx);
  return rowCount === 1;
}

export interface Declared {
  readonly orgId: OrganizationId;
  readonly thumbprint: string;
  readonly enrolledBy: EnrollmentKeyId | null;
  readonly name: string;
  readonly pool: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The worker of this key pair that was registered with the same declaration and has done nothing since:
 * its answer was lost.
 */
export async function findUnanswered(tx: Tx, declared: Declared): Promise<WorkerId | null> {
  const { rows } = await sql<{ id: WorkerId }>`
    select w.id from worker w join worker_session s on s.worker_num = w.num
    where w.org_id = ${declared.orgId} and w.key_thumbprint = ${declared.thumbprint}
      and w.enrolled_by is not distinct from ${declared.enrolledBy}::uuid
      and w.name = ${declared.name} and w.pool = ${declared.pool}
      and w.labels = ${JSON.stringify(declared.labels)}::jsonb
      and w.state in ('pending', 'approved') and s.session_epoch = 1 and s.generation = 1
    order by w.num desc limit 1
    for update of w
  `.execute(tx);
  return rows[0]?.id ?? null;
}

/** Why a worker is in the state that it is in. */
export async function noteReason(
  tx: Tx,
  { id, reason }: { readonly id: WorkerId; readonly reason: string },
): Promise<void> {
  await sql`update worker set reason = ${reason} where id = ${id}`.execute(tx);
}
