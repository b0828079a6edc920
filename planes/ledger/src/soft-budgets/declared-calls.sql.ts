import { found } from '@sagewai/http';
import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, PicoUsd, ProjectId } from '@sagewai/wire';

import type { ProjectPlace } from './soft-limit.ts';

/** What the ledger knows of a call that was named. */
export type NamedCall =
  /** Under way; what it may cost at most, and until when that is held. */
  | {
      readonly kind: 'reserved';
      readonly projectId: ProjectId;
      readonly model: string;
      readonly pusdMax: PicoUsd;
      readonly expiresAt: Date;
    }
  /** Booked in full, since nobody said in time what it cost. */
  | { readonly kind: 'expired'; readonly projectId: ProjectId }
  | { readonly kind: 'booked'; readonly projectId: ProjectId; readonly costPusd: PicoUsd };

interface Row {
  readonly kind: NamedCall['kind'];
  readonly projectId: ProjectId;
  readonly model: string;
  readonly amount: PicoUsd;
  readonly expiresAt: Date | null;
}

/** The same of a project alone: another's is as missing as one that never was. */
export async function findOwnCall(
  tx: Executor,
  { orgId, projectId }: ProjectPlace,
  id: string,
): Promise<NamedCall | null> {
  const call = await findNamedCall(tx, orgId, id);
  if (call !== null) found(call.projectId === projectId || null, 'There is no such reservation.');
  return call;
}

/** Null: there is none of this name. */
export async function findNamedCall(
  tx: Executor,
  orgId: OrganizationId,
  id: string,
): Promise<NamedCall | null> {
  const { rows } = await sql<Row>`
    select 'reserved' as kind, project_id as "projectId", model, amount_pusd::numeric as amount,
           expires_at as "expiresAt"
    from reservation where org_id = ${orgId} and id = ${id}::uuid
    union all
    select case when count(*) = 1 and bool_and(status = 'expired') then 'expired' else 'booked' end,
           min(project_id::text)::uuid, min(model), sum(cost_pusd)::numeric, null
    from spend where org_id = ${orgId} and id = ${id}::uuid
    having count(*) > 0
    limit 1
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  const { kind, projectId, model, amount, expiresAt } = row;
  if (kind === 'booked') return { kind, projectId, costPusd: amount };
  if (expiresAt === null) return { kind: 'expired', projectId };
  return { kind: 'reserved', projectId, model, pusdMax: amount, expiresAt };
}
