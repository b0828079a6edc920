import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { EnforcementMode, OrganizationId } from '@sagewai/wire';

/** What an organization allows its workers; null: as the server is configured. */
export interface OrganizationFleetSettings {
  readonly openRegistration: boolean | null;
  readonly enforcement: EnforcementMode;
  readonly dualApproval: boolean;
  readonly registrationsPerSecond: number | null;
}

const UNSAID: OrganizationFleetSettings = {
  openRegistration: null,
  enforcement: 'off',
  dualApproval: false,
  registrationsPerSecond: null,
};

export async function readFleetSettings(
  tx: Executor,
  orgId: OrganizationId,
): Promise<OrganizationFleetSettings> {
  const { rows } = await sql<OrganizationFleetSettings>`
    select open_registration as "openRegistration", enforcement, dual_approval as "dualApproval",
           registrations_per_second as "registrationsPerSecond"
    from fleet_setting where org_id = ${orgId}
  `.execute(tx);
  return rows[0] ?? UNSAID;
}

/** Changes what is named; the rest stays. */
export async function changeFleetSettings(
  tx: Tx,
  orgId: OrganizationId,
  change: Partial<OrganizationFleetSettings>,
): Promise<OrganizationFleetSettings> {
  // The row is there and ours from now on: two changes of different settings keep both.
  await sql`insert into fleet_setting (org_id) values (${orgId}) on conflict do nothing`.execute(
    tx,
  );
  await sql`select from fleet_setting where org_id = ${orgId} for update`.execute(tx);
  const next = { ...(await readFleetSettings(tx, orgId)), ...change };
  await sql`
    update fleet_setting
    set open_registration = ${next.openRegistration}, enforcement = ${next.enforcement},
        dual_approval = ${next.dualApproval},
        registrations_per_second = ${next.registrationsPerSecond}
    where org_id = ${orgId}
  `.execute(tx);
  return next;
}
