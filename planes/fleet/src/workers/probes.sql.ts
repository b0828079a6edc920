import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, WorkerId } from '@sagewai/wire';

import type { Probe } from './probe.ts';

export interface ProbeReport {
  readonly workerId: WorkerId;
  readonly orgId: OrganizationId;
  readonly sick: readonly string[];
  readonly probes: readonly Probe[];
}

/** What workers found last; one report a worker in one call. */
export async function writeProbes(tx: Executor, reports: readonly ProbeReport[]): Promise<void> {
  const rows = reports.map(({ workerId, orgId, sick, probes }) => ({
    worker_id: workerId,
    org_id: orgId,
    sick,
    results: probes,
  }));
  await sql`
    insert into worker_probe (worker_id, org_id, probed_at, sick, results)
    select g.worker_id, g.org_id, app_now(), g.sick, g.results
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as g(worker_id uuid, org_id uuid, sick text[], results jsonb)
    order by g.worker_id
    on conflict (worker_id) do update
      set probed_at = excluded.probed_at, sick = excluded.sick, results = excluded.results
  `.execute(tx);
}
