import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  getProjectRouting,
  listPools,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  setPool,
  setProjectRouting,
} from '@sagewai/wire';

import { readStrategy } from '../dispatch/strategy.ts';
import type { FleetParts } from '../parts.ts';
import { listPools as readPools, setPoolSetting } from './pools.sql.ts';
import type { ProjectRouting } from './project-routing.ts';
import { readProjectRouting, setProjectRouting as storeRouting } from './project-routings.sql.ts';

/** For the people who say where runs may go. */
export function routingRoutes(parts: FleetParts): Route[] {
  return [
    implement(listPools, async ({ tx, orgId }) => {
      const pools = await readPools(tx, orgId, 2 * parts.settings.heartbeatIntervalMs);
      return {
        pools: pools.map(({ threshold, ...pool }) => ({ ...pool, capacity_threshold: threshold })),
      };
    }),

    implement(setPool, async ({ tx, orgId, params, body, audit }) => {
      const { pool } = params;
      const { strategy: text, capacity_threshold: threshold = null, retry = null } = body;
      const strategy = typeof text === 'string' ? readStrategy(text) : null;
      const told = retry === null ? {} : { retry: JSON.stringify(retry) };
      audit.about(`pool:${pool}`, { strategy, capacity_threshold: threshold, ...told });
      const policy = retry === null ? {} : { retry };
      await setPoolSetting(tx, { orgId, pool }, { strategy, threshold, ...policy });
      tx.onCommit(() => parts.poolSettings.forget({ orgId, pool }));
      return { pool, strategy, capacity_threshold: threshold, retry };
    }),

    implement(getProjectRouting, async ({ tx, orgId, caller, params }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      return toWire(await readProjectRouting(tx, projectId));
    }),

    implement(setProjectRouting, async ({ tx, orgId, caller, params, body, audit }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      const { labels = {}, pool = null, model = null } = body;
      const routing = { labels, pool, model };
      audit.about(`project:${projectId}`, { routing: JSON.stringify(routing) });
      await storeRouting(tx, { orgId, projectId }, routing);
      tx.onCommit(() => parts.projectRoutings.forget({ orgId, projectId }));
      return toWire(routing);
    }),
  ];
}

/** A token that is bound to a project does not know of the others. */
async function demandProject(
  tx: Tx,
  of: { orgId: OrganizationId; caller: Caller; named: string },
): Promise<ProjectId> {
  const project = await findProject(tx, of.orgId, of.named);
  const bound = boundProject(of.caller);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

function toWire({ labels, pool, model }: ProjectRouting): OutputOf<typeof getProjectRouting> {
  return { labels: { ...labels }, pool, model };
}
