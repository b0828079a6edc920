import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

export interface EncryptionVersion {
  readonly orgId: OrganizationId;
  readonly version: bigint;
}

/** Every organization that encrypts, and which keys it has. */
export async function readVersions(db: Executor): Promise<EncryptionVersion[]> {
  const { rows } = await sql<EncryptionVersion>`
    select org_id as "orgId", version from payload_encryption
  `.execute(db);
  return rows;
}

export interface ProjectKeyRow {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  /** Null once it is retired. */
  readonly wrapped: string | null;
  readonly organizationKeyId: string;
  readonly organizationWrapped: string | null;
}

const KEY_COLUMNS = sql`
  k.id, k.org_id as "orgId", k.project_id as "projectId", k.wrapped,
  o.id as "organizationKeyId", o.wrapped as "organizationWrapped"
  from project_key k join organization_key o on o.id = k.organization_key_id
`;

/** These keys of the transaction's organizations; the key that wraps each comes with it. */
export async function readProjectKeys(
  tx: Executor,
  ids: readonly string[],
): Promise<ProjectKeyRow[]> {
  const { rows } = await sql<ProjectKeyRow>`
    select ${KEY_COLUMNS} where k.id = any(${[...ids]}::uuid[])
  `.execute(tx);
  return rows;
}

/** The key under which a project's contents are stored from now on; null: it has none yet. */
export async function readPrimaryKey(
  tx: Executor,
  projectId: ProjectId,
): Promise<ProjectKeyRow | null> {
  const { rows } = await sql<ProjectKeyRow>`
    select ${KEY_COLUMNS} where k.project_id = ${projectId} and k.retiring_at is null
  `.execute(tx);
  return rows[0] ?? null;
}

/** All that are not retired, of one organization or of one of its projects; locked, in one order. */
export async function lockProjectKeys(
  tx: Tx,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<(ProjectKeyRow & { readonly retiring: boolean })[]> {
  const { rows } = await sql<ProjectKeyRow & { retiring: boolean }>`
    select k.retiring_at is not null as retiring, ${KEY_COLUMNS}
    where k.org_id = ${orgId} and k.retired_at is null
      and (${projectId}::uuid is null or k.project_id = ${projectId}::uuid)
    order by k.id for update of k
  `.execute(tx);
  return rows;
}

export interface OrganizationKeyRow {
  readonly id: string;
  readonly wrapped: string;
}

/**
 * The organization's key of now; null: it has switched nothing on. Locked: whoever wraps a key with it
 * (`share`) and whoever replaces it (`update`) wait for each other.
 */
export async function lockOrganizationKey(
  tx: Executor,
  orgId: OrganizationId,
  how: 'share' | 'update',
): Promise<OrganizationKeyRow | null> {
  const { rows } = await sql<OrganizationKeyRow>`
    select id, wrapped from organization_key where org_id = ${orgId} and retired_at is null
    ${how === 'share' ? sql`for share` : sql`for update`}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function insertOrganizationKey(
  tx: Tx,
  key: OrganizationKeyRow & { readonly orgId: OrganizationId },
): Promise<void> {
  await sql`
    insert into organization_key (id, org_id, wrapped, created_at)
    values (${key.id}, ${key.orgId}, ${key.wrapped}, app_now())
  `.execute(tx);
}

/** Nothing is wrapped under it any more. */
export async function retireOrganizationKey(tx: Tx, orgId: OrganizationId): Promise<void> {
  await sql`
    update organization_key set retired_at = app_now(), wrapped = null
    where org_id = ${orgId} and retired_at is null
  `.execute(tx);
}

export interface NewProjectKey {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly organizationKeyId: string;
  readonly wrapped: string;
}

/** Of two replicas that make a project's first key at once, one does; the other reads it. */
export async function insertProjectKeys(
  tx: Executor,
  keys: readonly NewProjectKey[],
): Promise<void> {
  await sql`
    insert into project_key (id, org_id, project_id, organization_key_id, wrapped, created_at)
    select n.id, n.org_id, n.project_id, n.organization_key_id, n.wrapped, app_now()
    from unnest(${keys.map((key) => key.id)}::uuid[], ${keys.map((key) => key.orgId)}::uuid[],
                ${keys.map((key) => key.projectId)}::uuid[],
                ${keys.map((key) => key.organizationKeyId)}::uuid[],
                ${keys.map((key) => key.wrapped)}::text[])
      as n(id, org_id, project_id, organization_key_id, wrapped)
    on conflict (project_id) where retiring_at is null do nothing
  `.execute(tx);
}

/** The keys stay what they are; only what wraps them is another. */
export async function rewrapProjectKeys(
  tx: Tx,
  keys: readonly Pick<NewProjectKey, 'id' | 'organizationKeyId' | 'wrapped'>[],
): Promise<void> {
  await sql`
    update project_key k set organization_key_id = n.organization_key_id, wrapped = n.wrapped
    from unnest(${keys.map((key) => key.id)}::uuid[],
                ${keys.map((key) => key.organizationKeyId)}::uuid[],
                ${keys.map((key) => key.wrapped)}::text[]) as n(id, organization_key_id, wrapped)
    where k.id = n.id and k.retired_at is null
  `.execute(tx);
}

/** They encrypt nothing more. */
export async function beginRetiring(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`
    update project_key set retiring_at = app_now()
    where id = any(${[...ids]}::uuid[]) and retiring_at is null
  `.execute(tx);
}

/** E1. True: it was off. */
export async function switchOn(tx: Tx, orgId: OrganizationId): Promise<boolean> {
  const { rowCount } = await sql`
    insert into payload_encryption (org_id, enabled_at, version, swept_to)
    values (${orgId}, app_now(), nextval('payload_encryption_version'),
            '00000000-0000-0000-0000-000000000000')
    on conflict do nothing
  `.execute(tx);
  return rowCount === 1;
}

/** Tells every replica that the keys have changed. False: encryption is off. */
export async function changeVersion(tx: Tx, orgId: OrganizationId): Promise<boolean> {
  const { rowCount } = await sql`
    update payload_encryption set version = nextval('payload_encryption_version'), retiring = true
    where org_id = ${orgId}
  `.execute(tx);
  return rowCount === 1;
}

export interface EncryptionStatus {
  readonly enabledAt: Date;
  /** Everything that was stored in clear before is encrypted. */
  readonly swept: boolean;
}

export async function readStatus(
  tx: Executor,
  orgId: OrganizationId,
): Promise<EncryptionStatus | null> {
  const { rows } = await sql<EncryptionStatus>`
    select enabled_at as "enabledAt", swept_to is null as swept from payload_encryption
    where org_id = ${orgId}
  `.execute(tx);
  return rows[0] ?? null;
}

export interface KeyStatus {
  readonly id: string;
  readonly projectId: ProjectId;
  readonly project: string;
  readonly createdAt: Date;
  readonly retiringAt: Date | null;
  readonly retiredAt: Date | null;
}

/** The keys of an organization's projects, the newest first. */
export async function listKeyStatus(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly limit: number;
  },
): Promise<KeyStatus[]> {
  const { rows } = await sql<KeyStatus>`
    select k.id, k.project_id as "projectId", p.name as project, k.created_at as "createdAt",
           k.retiring_at as "retiringAt", k.retired_at as "retiredAt"
    from project_key k join project p on p.id = k.project_id
    where k.org_id = ${of.orgId}
      and (${of.projectId}::uuid is null or k.project_id = ${of.projectId}::uuid)
    order by k.created_at desc, k.id desc limit ${of.limit}
  `.execute(tx);
  return rows;
}
