import { Fault } from '@sagewai/fault';
import { type Caller, implement, type Route } from '@sagewai/http';
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
import {
  listSharedRates,
  ORGANIZATION_SCOPE,
  ownScope,
  projectScope,
  putRate,
} from './tools.sql.ts';

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
      const scope = scopeOf(caller, { projectId, setBy: body.set_by });
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

/** What the organization lets a project have, the project does not change: it may have less. */
function scopeOf(
  caller: Caller,
  of: {
    readonly projectId: ProjectId | null;
    readonly setBy: 'organization' | 'project' | undefined;
  },
): string {
  const { projectId, setBy = boundProject(caller) === null ? 'organization' : 'project' } = of;
  if (projectId === null) {
    if (setBy === 'organization') return ORGANIZATION_SCOPE;
    throw new Fault('request.invalid', 'a rate of no project', {
      detail: 'body/project must be there: what a project sets is its own.',
    });
  }
  if (setBy === 'project') return ownScope(projectId);
  if (boundProject(caller) === null) return projectScope(projectId);
  throw new Fault('caller.forbidden', 'a rate of the organization', {
    detail: 'What the organization lets a project have, the project does not change.',
  });
}

async function read(
  tx: Tx,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<OutputOf<typeof listToolRates>> {
  const rates = await listSharedRates(tx, { orgId, projectId });
  return {
    rates: rates.map(({ projectId: project_id, isOwn, calls, perSeconds: per_seconds }) => ({
      project_id,
      set_by: isOwn ? ('project' as const) : ('organization' as const),
      rate: { calls, per_seconds },
    })),
  };
}
