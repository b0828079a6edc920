import { implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { listStalled, setPoolProgress } from '@sagewai/wire';

import { listStalled as readStalled, setProgress } from './stalled.sql.ts';

const PER_PAGE = 100;

/** For the people who look after runs that do not get on. */
export function stalledRoutes(): Route[] {
  return [
    implement(listStalled, async ({ tx, orgId, caller, query }) => {
      const of = { orgId, projectId: boundProject(caller), limit: query.limit ?? PER_PAGE };
      const rows = await readStalled(tx, of);
      return {
        runs: rows.map((row) => ({
          run_id: row.runId,
          project_id: row.projectId,
          pool: row.pool,
          worker_id: row.workerId,
          worker_name: row.workerName,
          quiet_since: row.quietSince.toISOString(),
          found_at: row.foundAt.toISOString(),
        })),
      };
    }),

    implement(setPoolProgress, async ({ tx, orgId, params, body, audit }) => {
      const { pool } = params;
      const { no_progress_seconds: seconds, requeue = false } = body;
      audit.about(`pool:${pool}`, { no_progress_seconds: seconds, requeue });
      const noProgressMs = seconds === null ? null : Math.round(seconds * 1_000);
      await setProgress(tx, { orgId, pool }, { noProgressMs, requeues: requeue });
      return { pool, no_progress_seconds: seconds, requeue };
    }),
  ];
}
