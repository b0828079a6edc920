import { type Db, inTenant } from '@sagewai/postgres';

import { readHead, readWorkersAndHead } from './loads.sql.ts';
import { Placements, type PoolName } from './placements.ts';
import { readPoolSetting } from './pools.sql.ts';
import type { ProjectRouting } from './project-routing.ts';
import { readProjectRouting } from './project-routings.sql.ts';
import { Remembered } from './remembered.ts';
import type { FleetSettings } from './settings.ts';
import type { PoolSetting } from './strategy.ts';
import type { Submitting } from './submissions.ts';

/** What decides where runs may go, and to whom. */
export interface RoutingParts {
  readonly placements: Placements;
  readonly poolSettings: Remembered<PoolName, PoolSetting>;
  readonly projectRoutings: Remembered<Submitting, ProjectRouting>;
}

export interface RoutingPartsOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly settings: FleetSettings;
  readonly monotonicMs: () => number;
  readonly onPatienceEnded: (sq: number) => void;
}

export function createRoutingParts(options: RoutingPartsOptions): RoutingParts {
  const { db, dispatch, settings, monotonicMs, onPatienceEnded } = options;
  const trust = { trustMs: settings.workerTrustMs, monotonicMs };
  const projectRoutings = new Remembered<Submitting, ProjectRouting>({
    read: ({ orgId, projectId }) =>
      inTenant(db, [orgId], (tx) => readProjectRouting(tx, projectId)),
    nameOf: ({ projectId }) => projectId,
    ...trust,
  });
  const poolSettings = new Remembered<PoolName, PoolSetting>({
    read: ({ orgId, pool }) => readPoolSetting(dispatch, orgId, pool),
    nameOf: ({ orgId, pool }) => `${orgId} ${pool}`,
    ...trust,
  });
  const placements = new Placements({
    poolSettings,
    readBoth: ({ orgId, pool }, line, limit) => {
      const asked = { orgId, pool, heardMs: 2 * settings.heartbeatIntervalMs };
      return inTenant(db, [orgId], (tx) => readWorkersAndHead(tx, asked, { line, limit }));
    },
    readHead: (line, limit) => readHead(dispatch, line, limit),
    patienceMs: settings.placementPatienceMs,
    monotonicMs,
    onPatienceEnded,
  });
  return { placements, poolSettings, projectRoutings };
}
