import { found, implement, type Route } from '@sagewai/http';
import { findProject } from '@sagewai/identity';
import { getRetention, setRetention } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { listRetentions, setRetention as keepFor } from './retention.sql.ts';

const DAY_MS = 86_400_000;

/** How long runs are kept. */
export function retentionRoutes({ settings }: FleetParts): Route[] {
  return [
    implement(getRetention, async ({ tx }) => ({
      days: settings.runRetentionMs / DAY_MS,
      projects: (await listRetentions(tx)).map(({ projectId, project, days }) => ({
        project_id: projectId,
        project,
        days,
      })),
    })),

    implement(setRetention, async ({ tx, orgId, params, body, audit }) => {
      const project = await findProject(tx, orgId, params.project);
      const { id } = found(project, 'There is no such project.', 'project.missing');
      audit.about(`project:${id}`, { days: body.days });
      await keepFor(tx, { orgId, projectId: id, days: body.days });
      return { project_id: id, days: body.days };
    }),
  ];
}
