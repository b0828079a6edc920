import { implement, type Route } from '@sagewai/http';
import { listVersions, setRamp } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { followRamps } from './follow-ramps.ts';
import { listVersions as readVersions, setRamp as storeRamp } from './versions.sql.ts';

/** For the people who bring a new version of their workers into use. */
export function versionRoutes(parts: FleetParts): Route[] {
  return [
    implement(listVersions, async ({ tx, orgId }) => {
      const heardMs = 2 * parts.settings.heartbeatIntervalMs;
      return { versions: await readVersions(tx, { orgId, heardMs }) };
    }),

    implement(setRamp, async ({ tx, orgId, params, body, audit }) => {
      const { pool } = params;
      const { ramp } = body;
      audit.about(`pool:${pool}`, {
        version: ramp?.version ?? null,
        percent: ramp?.percent ?? null,
      });
      await storeRamp(tx, { orgId, pool }, ramp);
      tx.onCommit(() => {
        parts.poolSettings.forget({ orgId, pool });
        parts.news.tellOrganization(orgId);
        followRamps(parts).catch((error: unknown) => {
          parts.log.warn('the polls of a pool could not be told of its ramp', { error });
        });
      });
      return { pool, ramp };
    }),
  ];
}
