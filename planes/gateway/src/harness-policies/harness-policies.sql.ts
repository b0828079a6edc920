import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { HarnessPolicy, PolicyRule } from './harness-policy.ts';

const COLUMNS = sql`
  id, name, project_id as "projectId", team_id as "teamId", person_id as "personId", priority, rule,
  is_enabled as "isEnabled", created_by as "createdBy", created_at as "createdAt"
`;

/** In the order in which they were made. */
export async function listHarnessPolicies(tx: Tx, orgId: OrganizationId): Promise<HarnessPolicy[]> {
  const { rows } = await sql<HarnessPolicy>`
    select ${COLUMNS} from harness_policy where org_id = ${orgId} order by created_at, id
  `.execute(tx);
  return rows;
}

export async function findHarnessPolicy(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<HarnessPolicy | null> {
  const { rows } = await sql<HarnessPolicy>`
    select ${COLUMNS} from harness_policy where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Null: its name is taken. */
export async function insertHarnessPolicy(
  tx: Tx,
  orgId: OrganizationId,
  of: Omit<HarnessPolicy, 'createdAt'>,
): Promise<HarnessPolicy | null> {
  const { rows } = await sql<HarnessPolicy>`
    insert into harness_policy (org_id, id, name, project_id, team_id, person_id, priority, rule, is_enabled, created_by)
    values (${orgId}, ${of.id}, ${of.name}, ${of.projectId}, ${of.teamId}, ${of.personId}, ${of.priority},
            ${JSON.stringify(of.rule)}::jsonb, ${of.isEnabled}, ${of.createdBy})
    on conflict do nothing returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function changeHarnessPolicy(
  tx: Tx,
  orgId: OrganizationId,
  of: {
    readonly id: string;
    readonly priority: number;
    readonly rule: PolicyRule;
    readonly isEnabled: boolean;
  },
): Promise<HarnessPolicy | null> {
  const { rows } = await sql<HarnessPolicy>`
    update harness_policy
    set priority = ${of.priority}, rule = ${JSON.stringify(of.rule)}::jsonb, is_enabled = ${of.isEnabled}
    where org_id = ${orgId} and id = ${of.id} returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function deleteHarnessPolicyOf(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from harness_policy where org_id = ${orgId} and id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}
