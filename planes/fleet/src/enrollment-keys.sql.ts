import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { EnrollmentKeyId, OrganizationId } from '@sagewai/wire';

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
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly revokedAt: Date | null;
}

const COLUMNS = sql`
  id, org_id as "orgId", name, max_uses as "maxUses", current_uses as "currentUses",
  expires_at as "expiresAt", allowed_pools as "allowedPools", allowed_models as "allowedModels",
  created_at as "createdAt", created_by as "createdBy", revoked_at as "revokedAt"
`;

export type NewEnrollmentKey = Pick<
  EnrollmentKey,
  'id' | 'orgId' | 'name' | 'maxUses' | 'allowedPools' | 'allowedModels' | 'createdBy'
> & {
  /** At most one of these; both null: it does not expire. */
  readonly expiresAt: Date | null;
  readonly expiresInSeconds: number | null;
};

export async function insertEnrollmentKey(tx: Tx, key: NewEnrollmentKey): Promise<EnrollmentKey> {
  const { rows } = await sql<EnrollmentKey>`
    insert into enrollment_key (id, org_id, name, max_uses, expires_at, allowed_pools, allowed_models,
                                created_by)
    values (${key.id}, ${key.orgId}, ${key.name}, ${key.maxUses},
            coalesce(${key.expiresAt}::timestamptz,
                     app_now() + ${key.expiresInSeconds}::integer * interval '1 second'),
            ${key.allowedPools}, ${key.allowedModels}, ${key.createdBy})
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
): Promise<EnrollmentKey[]> {
  const { rows } = await sql<EnrollmentKey>`
    select ${COLUMNS} from enrollment_key where org_id = ${orgId} order by id desc limit 1000
  `.execute(tx);
  return rows;
}

export async function findEnrollmentKey(
  tx: Executor,
  id: EnrollmentKeyId,
): Promise<(EnrollmentKey & { readonly expired: boolean }) | null> {
  const { rows } = await sql<EnrollmentKey & { readonly expired: boolean }>`
    select ${COLUMNS}, coalesce(expires_at <= app_now(), false) as expired
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
export async function revokeEnrollmentKey(tx: Tx, id: EnrollmentKeyId): Promise<boolean> {
  const { rowCount } = await sql`
    update enrollment_key set revoked_at = app_now() where id = ${id} and revoked_at is null
  `.execute(tx);
  return rowCount === 1;
}
