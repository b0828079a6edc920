import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ServiceAccountId } from '@sagewai/wire';

import { isId, type Page } from '../organization.ts';

export interface ServiceAccount {
  readonly id: ServiceAccountId;
  readonly name: string;
  readonly active: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
}

const columns = (): Statement<unknown> => sql`
  id, name, active, created_by as "createdBy", created_at as "createdAt"`;

/** Null when the name is taken. */
export async function insertServiceAccount(
  tx: Tx,
  of: {
    readonly id: ServiceAccountId;
    readonly orgId: OrganizationId;
    readonly name: string;
    readonly createdBy: string;
  },
): Promise<ServiceAccount | null> {
  const { rows } = await sql<ServiceAccount>`
    insert into service_account (id, org_id, name, created_by)
    values (${of.id}, ${of.orgId}, ${of.name}, ${of.createdBy})
    on conflict do nothing
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findServiceAccount(
  tx: Executor,
  { orgId, nameOrId }: { readonly orgId: OrganizationId; readonly nameOrId: string },
): Promise<ServiceAccount | null> {
  const named = isId(nameOrId) ? sql`id = ${nameOrId}` : sql`lower(name) = lower(${nameOrId})`;
  const { rows } = await sql<ServiceAccount>`
    select ${columns()} from service_account where org_id = ${orgId} and ${named}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listServiceAccounts(
  tx: Executor,
  { orgId, page }: { readonly orgId: OrganizationId; readonly page: Page },
): Promise<ServiceAccount[]> {
  const { rows } = await sql<ServiceAccount>`
    select ${columns()} from service_account
    where org_id = ${orgId}
      and (${page.cursor ?? null}::uuid is null or id > ${page.cursor ?? null}::uuid)
    order by id limit ${page.limit}
  `.execute(tx);
  return rows;
}

export async function setServiceActive(
  tx: Tx,
  { orgId, id, active }: { orgId: OrganizationId; id: ServiceAccountId; active: boolean },
): Promise<void> {
  await sql`
    update service_account set active = ${active} where org_id = ${orgId} and id = ${id}
  `.execute(tx);
}
