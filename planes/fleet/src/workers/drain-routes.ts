import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import {
  drainWorker,
  type OrganizationId,
  type OutputOf,
  undrainWorker,
  type WorkerId,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { askToGo } from './removal.sql.ts';

/** For people who take a worker out of service, and put it back. */
export function drainRoutes({ afterDecided }: FleetParts): Route[] {
  const ask = async (
    tx: Tx,
    of: { orgId: OrganizationId; id: WorkerId; drain: boolean },
  ): Promise<OutputOf<typeof drainWorker>> => {
    const { draining, held } = found(await askToGo(tx, of), 'There is no such worker.');
    tx.onCommit(() => afterDecided(of.id));
    return { worker_id: of.id, draining, safe: held === 0, active_runs: held };
  };
  return [
    implement(drainWorker, async ({ tx, orgId, params, audit }) => {
      const id = params.worker_id.toLowerCase() as WorkerId;
      audit.about(`worker:${id}`);
      return ask(tx, { orgId, id, drain: true });
    }),

    implement(undrainWorker, async ({ tx, orgId, params, audit }) => {
      const id = params.worker_id.toLowerCase() as WorkerId;
      audit.about(`worker:${id}`);
      return ask(tx, { orgId, id, drain: false });
    }),
  ];
}
