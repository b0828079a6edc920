import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { isId, type Organization, type Page } from './organization.ts';

/** The transaction must act for the new id. `taken`: another organization has the name. */
export async function insertOrganization(
  tx: Tx,
  { id, name }: { readonly id: OrganizationId; readonly name: string },
): Promise<{ kind: 'created'; organization: Organization } | { kind: 'taken' }> {
  const { rows } = await sql<Organization>`
    insert into organization (id, name) values (${id}, ${name})
    on conflict do nothing
    returning id, name, created_at as "createdAt"
  `.execute(tx);
  const [organization] = rows;
  return organization ? { kind: 'created', organization } : { kind: 'taken' };
}

/** The organizations that the transaction acts for, in the order of their ids. */
export async function readOrganizations(tx: Tx): Promise<Organization[]> {
  const { rows } = await sql<Organization>`
    select id, name, created_at as "createdAt" from organization order by id
  `.execute(tx);
  return rows;
}

/** Needs no tenant: the directory holds hashes of names (I9). Null when there is none. */
export async function findOrganizationId(
  db: Executor,
  nameOrId: string,
): Promise<OrganizationId | null> {
  const { rows } = isId(nameOrId)
    ? await sql<{ id: OrganizationId }>`
        select org_id as id from organization_directory where org_id = ${nameOrId}
      `.execute(db)
    : await sql<{ id: OrganizationId }>`
        select org_id as id from organization_directory
        where name_hash = organization_name_hash(${nameOrId})
      `.execute(db);
  return rows[0]?.id ?? null;
}

/** The ids of all organizations, a page at a time. */
export async function listOrganizationIds(db: Executor, page: Page): Promise<OrganizationId[]> {
  const { rows } = await sql<{ id: OrganizationId }>`
    select org_id as id from organization_directory
    where ${page.cursor ?? null}::uuid is null or org_id > ${page.cursor ?? null}::uuid
    order by org_id limit ${page.limit}
  `.execute(db);
  return rows.map(({ id }) => id);
}
