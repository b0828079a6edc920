import { implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  listToolRates,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  setToolRate,
} from '@sagewai/wire';

import { projectOf } from './tool-routes.ts';
import { listSharedRates, ORGANIZATION_SCOPE, projectScope, putRate } from './tools.sql.ts';

/** How much all tools together may be called. */
export function rateRoutes(): Route[] {
  return [
    implement(listToolRates, ({ tx, orgId, caller }) =>
      read(
        tx,
        orgId,
        caller.kind === 'token' || caller.kind === 'account'
          ? boundProject(caller)
          : caller.projectId,
      ),
    ),

    implement(setToolRate, async ({ tx, orgId, caller, body, audit }) => {
      const projectId = await projectOf(tx, { orgId, caller, named: body.project });
      const scope = projectId === null ? ORGANIZATION_SCOPE : projectScope(projectId);
      const rate = body.rate && { calls: body.rate.calls, perSeconds: body.rate.per_seconds };
      await putRate(tx, orgId, { scope, projectId, rate });
      audit.about(`tool_rate:${scope}`, {
        calls: rate?.calls ?? null,
        per_seconds: rate?.perSeconds ?? null,
      });
      return read(tx, orgId, boundProject(caller));
    }),
  ];
}

async function read(
  tx: Tx,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<OutputOf<typeof listToolRates>> {
  const rates = await listSharedRates(tx, { orgId, projectId });
  return {
    rates: rates.map(({ projectId: project_id, calls, perSeconds: per_seconds }) => ({
      project_id,
      rate: { calls, per_seconds },
    })),
  };
}
