import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** A project's own credential, sealed; whose it is and where it is good. */
export interface SealedCredential {
  readonly projectId: ProjectId;
  readonly orgId: OrganizationId;
  readonly baseUrl: string;
  readonly hint: string;
  readonly isMade: boolean;
  readonly sealed: string;
  /** One that was made and replaced, and is still there at its proxy. */
  readonly formerBaseUrl: string | null;
  readonly formerSealed: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly replacedAt: Date | null;
}

export interface ProjectOf {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

const COLUMNS = sql<SealedCredential>`
  project_id as "projectId", org_id as "orgId", base_url as "baseUrl", hint, is_made as "isMade",
  sealed, former_base_url as "formerBaseUrl", former_sealed as "formerSealed",
  created_by as "createdBy", created_at as "createdAt", replaced_at as "replacedAt"
`;

/** Of every project there is. */
export async function listCredentials(db: Executor): Promise<SealedCredential[]> {
  const { rows } = await sql<SealedCredential>`
    select ${COLUMNS} from project_credential order by project_id
  `.execute(db);
  return rows;
}

/** Locked: who changes it after us sees what we made of it. */
export async function findCredentialOf(
  tx: Tx,
  { orgId, projectId }: ProjectOf,
): Promise<SealedCredential | null> {
  const { rows } = await sql<SealedCredential>`
    select ${COLUMNS} from project_credential
    where org_id = ${orgId} and project_id = ${projectId} for update
  `.execute(tx);
  return rows[0] ?? null;
}

export async function putCredential(
  tx: Tx,
  of: Omit<SealedCredential, 'createdAt' | 'replacedAt' | 'formerBaseUrl' | 'formerSealed'>,
): Promise<SealedCredential> {
  const { rows } = await sql<SealedCredential>`
    insert into project_credential as p
      (project_id, org_id, base_url, hint, is_made, sealed, created_by)
    values (${of.projectId}, ${of.orgId}, ${of.baseUrl}, ${of.hint}, ${of.isMade}, ${of.sealed},
            ${of.createdBy})
    on conflict (project_id) do update
    set base_url = excluded.base_url, hint = excluded.hint, is_made = excluded.is_made,
        sealed = excluded.sealed, replaced_at = app_now(),
        former_base_url = case when p.is_made then p.base_url end,
        former_sealed = case when p.is_made then p.sealed end
    where p.org_id = excluded.org_id
    returning ${COLUMNS}
  `.execute(tx);
  const [put] = rows;
  if (put === undefined) throw new Error('the credential is of another organization');
  return put;
}

/** It is gone at its proxy. */
export async function forgetFormer(tx: Tx, { orgId, projectId }: ProjectOf): Promise<void> {
  await sql`
    update project_credential set former_base_url = null, former_sealed = null
    where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
}

export async function dropCredentialOf(tx: Tx, { orgId, projectId }: ProjectOf): Promise<void> {
  await sql`
    delete from project_credential where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
}
