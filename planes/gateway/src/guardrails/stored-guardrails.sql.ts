import { type Db, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { GuardrailSpec, StoredGuardrail } from './stored-guardrail.ts';

const COLUMNS = sql`
  id, project_id as "projectId", name, kind, spec, sealed_secret as "sealedSecret",
  created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"
`;

/** Of the whole organization first. */
export async function listStoredGuardrails(
  tx: Tx,
  orgId: OrganizationId,
): Promise<StoredGuardrail[]> {
  const { rows } = await sql<StoredGuardrail>`
    select ${COLUMNS} from guardrail where org_id = ${orgId} order by project_id nulls first, name
  `.execute(tx);
  return rows;
}

export async function findStoredGuardrail(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<StoredGuardrail | null> {
  const { rows } = await sql<StoredGuardrail>`
    select ${COLUMNS} from guardrail where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Null: its name is taken. */
export async function insertGuardrail(
  tx: Tx,
  orgId: OrganizationId,
  of: Omit<StoredGuardrail, 'createdAt' | 'updatedAt'>,
): Promise<StoredGuardrail | null> {
  const { rows } = await sql<StoredGuardrail>`
    insert into guardrail (org_id, id, project_id, name, kind, spec, sealed_secret, created_by)
    values (${orgId}, ${of.id}, ${of.projectId}, ${of.name}, ${of.kind}, ${JSON.stringify(of.spec)}::jsonb,
            ${of.sealedSecret}, ${of.createdBy})
    on conflict do nothing returning ${COLUMNS}
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  await countChange(tx, orgId);
  return row;
}

export async function replaceGuardrail(
  tx: Tx,
  orgId: OrganizationId,
  of: {
    readonly id: string;
    readonly spec: GuardrailSpec;
    readonly sealedSecret: string | null;
    readonly by: string;
  },
): Promise<StoredGuardrail | null> {
  const { rows } = await sql<StoredGuardrail>`
    update guardrail set spec = ${JSON.stringify(of.spec)}::jsonb, sealed_secret = ${of.sealedSecret},
      updated_by = ${of.by}, updated_at = app_now()
    where org_id = ${orgId} and id = ${of.id} returning ${COLUMNS}
  `.execute(tx);
  await countChange(tx, orgId);
  return rows[0] ?? null;
}

export async function deleteGuardrailOf(
  tx: Tx,
  orgId: OrganizationId,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from guardrail where org_id = ${orgId} and id = ${id} returning id
  `.execute(tx);
  await countChange(tx, orgId);
  return rows.length > 0;
}

/** Seen with the change, or not at all. */
async function countChange(tx: Tx, orgId: OrganizationId): Promise<void> {
  await sql`
    insert into guardrail_version (org_id, version) values (${orgId}, 1)
    on conflict (org_id) do update set version = guardrail_version.version + 1
  `.execute(tx);
}

/** Of every organization that has ever had a guardrail. */
export async function listGuardrailVersions(
  db: Db,
): Promise<{ readonly orgId: OrganizationId; readonly version: bigint }[]> {
  const { rows } = await sql<{ readonly orgId: OrganizationId; readonly version: bigint }>`
    select org_id as "orgId", version from guardrail_version
  `.execute(db);
  return rows;
}
