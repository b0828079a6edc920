import { implement, type Route } from '@sagewai/http';
import { listSealRecipients } from '@sagewai/wire';

import { submitterOf } from '../identity/calling-person.ts';
import { serves } from '../matching/match-class.ts';
import type { FleetParts } from '../parts.ts';
import { demandRequirement } from '../runs/demand-requirement.ts';
import { readPoolWorkers } from '../scaling/loads.sql.ts';
import { sealKeyOf } from './seal-keys.ts';

/** As many as an envelope has room for. */
const LISTED_MAX = 100;

/** For those who seal a payload before it comes here. */
export function sealRoutes({ projectRoutings, settings }: FleetParts): Route[] {
  return [
    implement(listSealRecipients, async ({ tx, orgId, caller, query }) => {
      const { projectId } = submitterOf(caller);
      const project = await projectRoutings.find({ orgId, projectId });
      const { requirement } = demandRequirement(query, project, 0);
      const { pool } = requirement;
      const asked = { orgId, pool, heardMs: settings.workerSilenceMs };
      const workersOf = new Map<string, string[]>();
      let keyless = 0;
      for (const worker of await readPoolWorkers(tx, asked)) {
        const { models, labels, name } = worker;
        const isOurs = worker.projectId === null || worker.projectId === projectId;
        const of = { orgId, projectId: worker.projectId, pool, models, labels };
        if (!isOurs || !serves(of, requirement)) continue;
        const key = sealKeyOf(labels);
        if (key === null) keyless += 1;
        else workersOf.set(key, [...(workersOf.get(key) ?? []), name]);
      }
      const recipients = [...workersOf].map(([key, workers]) => ({ key, workers }));
      return {
        organization_id: orgId,
        project_id: projectId,
        pool,
        recipients: recipients.slice(0, LISTED_MAX),
        without_key: keyless,
      };
    }),
  ];
}
