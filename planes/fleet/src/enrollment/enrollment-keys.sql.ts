import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { EnrollmentKeyId, OrganizationId, WorkerScope } from '@sagewai/wire';

import { ENROLLMENT_KEY_KIND } from '../workers/worker.ts';

export interface EnrollmentKey {
  readonly id: EnrollmentKeyId;
  readonly orgId: OrganizationId;
  readonly name: string;
  /** Null: without limit. */
  readonly maxUses: number | null;
  readonly currentUses: number;
  readonly expiresAt: Date | null;
  /** Empty: any. */
  readonly allowedPools: string[];
  readonly allowedModels: string[];
  readonly allowedLabels: string[];
  readonly allowedCidrs: string[];
  readonly autoApprove: boolean;
  /** What its workers may do. */
  readonly scopes: WorkerScope[];
  /** `token`: its value is a signed token. */
  readonly kind: 'key' | 'token';
  /** Until when a value that was rotated out is taken; null: none is. */
  readonly overlapUntil: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly revokedAt: Date | null;
}

const COLUMNS = sql`
  id, org_id as "orgId", name, max_uses as "maxUses", current_uses as "currentUses",
  expires_at as "expiresAt", allowed_pools as "allowedPools", allowed_models as "allowedModels",
  allowed_labels as "allowedLabels", allowed_cidrs as "allowedCidrs", auto_approve as "autoApprove",
  scopes, kind,
  (select max(r.ends_at) from replaced_enrollment_secret r
   where r.key_id = enrollment_key.id and r.ends_at > app_now()) as "overlapUntil",
  created_at as "createdAt", created_by as "createdBy", revoked_at as "revokedAt"
`;

export type NewEnrollmentKey = Pick<
  EnrollmentKey,
  | 'id'
  | 'orgId'
  | 'name'
  | 'maxUses'
  | 'allowedPools'
  | 'allowedModels'
  | 'allowedLabels'
  | 'allowedCidrs'
  | 'autoApprove'
  | 'scopes'
  | 'kind'
  | 'createdBy'
> & {
  /** At most one of these; both null: it does not expire. */
  readonly expiresAt: Date | null;
  readonly expiresInSeconds: number | null;
  /** It ends then at the latest. */
  readonly expiresAtMost?: Date | null;
};

export async function insertEnrollmentKey(tx: Tx, key: NewEnrollmentKey): Promise<EnrollmentKey> {
  const { rows } = await sql<EnrollmentKey>`
    insert into enrollment_key (id, org_id, name, max_uses, expires_at, allowed_pools, allowed_models,
                                allowed_labels, allowed_cidrs, auto_approve, scopes, kind, created_by)
    values (${key.id}, ${key.orgId}, ${key.name}, ${key.maxUses},
            least(coalesce(${key.expiresAt}::timestamptz,
                           app_now() + ${key.expiresInSeconds}::integer * interval '1 second'),
                  ${key.expiresAtMost ?? null}::timestamptz),
            ${key.allowedPools}, ${key.allowedModels}, ${key.allowedLabels}, ${key.allowedCidrs},
            ${key.autoApprove}, ${key.scopes}, ${key.kind}, ${key.createdBy})
    returning ${COLUMNS}
  `.execute(tx);
  const [inserted] = rows;
  if (inserted === undefined) throw new Error('the enrollment key was not inserted');
  return inserted;
}

/** The latest first. */
export async function listEnrollmentKeys(
  tx: Executor,
  orgId: OrganizationId,
  kind: EnrollmentKey['kind'],
): Promise<EnrollmentKey[]> {
  const { rows } = await sql<EnrollmentKey>`
    select ${COLUMNS} from enrollment_key where org_id = ${orgId} and kind = ${kind} order by id desc limit 1000
  `.execute(tx);
  return rows;
}

/** A key as it is at this moment, by one of its values. */
export type ShownKey = EnrollmentKey & {
  readonly expired: boolean;
  /** This value was rotated out, and its overlap is over. */
  readonly replaced: boolean;
};

export async function findEnrollmentKey(
  tx: Executor,
  { id, hash }: { readonly id: EnrollmentKeyId; readonly hash: Uint8Array },
): Promise<ShownKey | null> {
  const { rows } = await sql<ShownKey>`
    select ${COLUMNS}, coalesce(expires_at <= app_now(), false) as expired,
      exists (select from replaced_enrollment_secret r
              where r.hash = ${Buffer.from(hash)} and r.ends_at <= app_now()) as replaced
    from enrollment_key where id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Takes one use of a key that has one left; false when it has none, or has ended meanwhile. */
export async function useEnrollmentKey(tx: Tx, id: EnrollmentKeyId): Promise<boolean> {
  const { rowCount } = await sql`
    update enrollment_key set current_uses = current_uses + 1
    where id = ${id} and revoked_at is null
      and (expires_at is null or expires_at > app_now())
      and (max_uses is null or current_uses < max_uses)
  `.execute(tx);
  return rowCount === 1;
}

/** False when there is none that could be revoked. */
export async function revokeEnrollmentKey(
  tx: Tx,
  id: EnrollmentKeyId,
  kind: EnrollmentKey['kind'],
): Promise<boolean> {
  const { rowCount } = await sql`
    update enrollment_key set revoked_at = app_now()
    where id = ${id} and kind = ${kind} and revoked_at is null
  `.execute(tx);
  return rowCount === 1;
}

/** Puts a time on the value that is current; null: there is no such key, or it was revoked. */
export async function replaceEnrollmentSecret(
  tx: Tx,
  { id, overlapSeconds }: { readonly id: EnrollmentKeyId; readonly overlapSeconds: number },
): Promise<EnrollmentKey | null> {
  // Locked: of two rotations at the same time, the second replaces the value that the first made.
  const { rowCount } = await sql`
    select from enrollment_key where id = ${id} and kind = 'key' and revoked_at is null for update
  `.execute(tx);
  if (rowCount === 0) return null;
  // Older values go no later than this one: who rotates because a value got out means all of them.
  await sql`
    update replaced_enrollment_secret
    set ends_at = least(ends_at, app_now() + ${overlapSeconds}::integer * interval '1 second')
    where key_id = ${id}
  `.execute(tx);
  await sql`
    insert into replaced_enrollment_secret (hash, org_id, key_id, ends_at)
    select c.hash, c.org_id, c.id, app_now() + ${overlapSeconds}::integer * interval '1 second'
    from credential c
    where c.id = ${id} and c.kind = ${ENROLLMENT_KEY_KIND}
      and not exists (select from replaced_enrollment_secret r where r.hash = c.hash)
  `.execute(tx);
  const { rows } = await sql<EnrollmentKey>`
    select ${COLUMNS} from enrollment_key where id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Forgets values whose overlap has ended some time ago: so long, their use is told from a stranger's. */
export async function forgetReplacedSecrets(tx: Tx, keptMs: number): Promise<void> {
  await sql`
    with over as (
      delete from replaced_enrollment_secret
      where ends_at < app_now() - ${keptMs}::bigint * interval '1 millisecond'
      returning hash
    )
    delete from credential c using over o where c.hash = o.hash and c.kind = ${ENROLLMENT_KEY_KIND}
  `.execute(tx);
}
