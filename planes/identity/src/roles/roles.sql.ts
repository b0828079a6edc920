import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

export interface CustomRole {
  readonly name: string;
  readonly permissions: readonly string[];
}

export async function listCustomRoles(tx: Executor, orgId: OrganizationId): Promise<CustomRole[]> {
  const { rows } = await sql<CustomRole>`
    select name, permissions from role where org_id = ${orgId} order by name
  `.execute(tx);
  return rows;
}

/** Held until the transaction ends: what it gives does not change while it is given. */
export async function lockCustomRole(
  tx: Tx,
  { orgId, name }: { readonly orgId: OrganizationId; readonly name: string },
): Promise<CustomRole | null> {
  const { rows } = await sql<CustomRole>`
    select name, permissions from role where org_id = ${orgId} and name = ${name} for share
  `.execute(tx);
  return rows[0] ?? null;
}

/** False when the name is taken. */
export async function insertRole(
  tx: Tx,
  role: CustomRole & {
    readonly id: string;
    readonly orgId: OrganizationId;
    readonly createdBy: string;
  },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into role (id, org_id, name, permissions, created_by)
    values (${role.id}, ${role.orgId}, ${role.name}, ${role.permissions}, ${role.createdBy})
    on conflict do nothing
  `.execute(tx);
  return rowCount === 1;
}

/** `held`: somebody has it, or is being given it. */
export async function deleteRole(
  tx: Tx,
  { orgId, name }: { readonly orgId: OrganizationId; readonly name: string },
): Promise<'deleted' | 'held' | 'missing'> {
  const { rows } = await sql`
    select from role where org_id = ${orgId} and name = ${name} for update
  `.execute(tx);
  if (rows.length === 0) return 'missing';
  const { rowCount } = await sql`
    delete from role where org_id = ${orgId} and name = ${name}
      and not exists (select from role_assignment where org_id = ${orgId} and custom_role = ${name})
  `.execute(tx);
  return rowCount === 1 ? 'deleted' : 'held';
}
