import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  getProjectRouting,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  setProjectRouting,
} from '@sagewai/wire';

import type { FleetParts } from './parts.ts';
import type { ProjectRouting } from './project-routing.ts';
import { readProjectRouting, setProjectRouting as storeRouting } from './project-routings.sql.ts';

/** For the people who say where runs may go. */
export function routingRoutes(parts: FleetParts): Route[] {
  return [
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
      tx.onCommit(() => parts.projectRoutings.forget(projectId));
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
