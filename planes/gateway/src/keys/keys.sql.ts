import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { KeyId, OrganizationId, ProjectId } from '@sagewai/wire';

import type { VirtualKey } from './virtual-key.ts';

const COLUMNS = sql<VirtualKey>`
  id, org_id as "orgId", project_id as "projectId", name, hint, models, may_cap as "mayCap",
  created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt",
  blocked_at as "blockedAt", revoked_at as "revokedAt"
`;

export interface NewKey {
  readonly id: KeyId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly hint: string;
  readonly models: readonly string[];
  readonly mayCap: boolean;
  readonly createdBy: string;
  /** Null: never. */
  readonly expiresInSeconds: number | null;
}

export async function insertKey(tx: Tx, key: NewKey): Promise<VirtualKey> {
  const { rows } = await sql<VirtualKey>`
    insert into virtual_key (
      id, org_id, project_id, name, hint, models, may_cap, created_by, expires_at)
    values (
      ${key.id}, ${key.orgId}, ${key.projectId}, ${key.name}, ${key.hint}, ${key.models},
      ${key.mayCap}, ${key.createdBy}, app_now() + ${key.expiresInSeconds}::int * interval '1 second')
    returning ${COLUMNS}
  `.execute(tx);
  const [inserted] = rows;
  if (inserted === undefined) throw new Error('an insert returned nothing');
  return inserted;
}

/** Newest last. `cursor` is the last id of the page before. */
export async function listKeys(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    /** Null: of every project. */
    readonly projectId: ProjectId | null;
    readonly cursor: string | undefined;
    readonly limit: number;
  },
): Promise<VirtualKey[]> {
  const { rows } = await sql<VirtualKey>`
    select ${COLUMNS} from virtual_key
    where org_id = ${of.orgId}
      and (${of.projectId}::uuid is null or project_id = ${of.projectId}::uuid)
      and (${of.cursor ?? null}::uuid is null or id > ${of.cursor ?? null}::uuid)
    order by id limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** Which key of an organization; with a project, only if it is that project's. */
export interface KeyChoice {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly id: string;
}

const chosen = ({ orgId, projectId, id }: KeyChoice) => sql`
  org_id = ${orgId} and id = ${id}
    and (${projectId}::uuid is null or project_id = ${projectId}::uuid)
`;

export async function findKey(tx: Executor, choice: KeyChoice): Promise<VirtualKey | null> {
  const { rows } = await sql<VirtualKey>`
    select ${COLUMNS} from virtual_key where ${chosen(choice)}
  `.execute(tx);
  return rows[0] ?? null;
}

export interface KeyChanges {
  readonly models: readonly string[] | undefined;
  readonly isBlocked: boolean | undefined;
  readonly mayCap: boolean | undefined;
}

/** What is left out stays. Null when there is no such key, or it was revoked. */
export async function adjustKey(
  tx: Tx,
  choice: KeyChoice,
  { models, isBlocked, mayCap }: KeyChanges,
): Promise<VirtualKey | null> {
  const { rows } = await sql<VirtualKey>`
    update virtual_key
    set models = coalesce(${models ?? null}::text[], models),
        may_cap = coalesce(${mayCap ?? null}::boolean, may_cap),
        blocked_at = case ${isBlocked ?? null}::boolean
          when true then coalesce(blocked_at, app_now()) when false then null else blocked_at end
    where ${chosen(choice)} and revoked_at is null
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Revoking again changes nothing and answers the same. */
export async function revokeKey(tx: Tx, choice: KeyChoice): Promise<VirtualKey | null> {
  const { rows } = await sql<VirtualKey>`
    update virtual_key set revoked_at = coalesce(revoked_at, app_now())
    where ${chosen(choice)}
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

/** A key as a call needs it. */
export interface LiveKey {
  readonly id: KeyId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly models: readonly string[];
  readonly mayCap: boolean;
  readonly expiresAt: Date | null;
  readonly isBlocked: boolean;
  /** The database's time at the look-up, by which expiry is decided. */
  readonly now: Date;
}

/** The key of a hash, whatever its organization; null when there is none or it was revoked. */
export async function findLiveKey(db: Executor, hash: Buffer): Promise<LiveKey | null> {
  const { rows } = await sql<LiveKey>`
    select id, org_id as "orgId", project_id as "projectId", name, models, may_cap as "mayCap",
           expires_at as "expiresAt", is_blocked as "isBlocked", now
    from find_virtual_key(${hash})
  `.execute(db);
  return rows[0] ?? null;
}
