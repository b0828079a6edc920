import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { readWorkerFacts } from './dispatch/placements.sql.ts';
import { Placements, type PoolName } from './dispatch/placements.ts';
import type { PoolSetting } from './dispatch/strategy.ts';
import { Directions } from './matching/directions.ts';
import type { Requirement } from './matching/match-class.ts';
import { readPoolSetting } from './matching/pools.sql.ts';
import type { ProjectRouting } from './matching/project-routing.ts';
import { readProjectRouting } from './matching/project-routings.sql.ts';
import { stickTo } from './matching/routes.sql.ts';
import { judgeQueue } from './placement/judge-queue.ts';
import type { WorkerFact } from './placement/placement-facts.ts';
import { Remembered } from './remembered.ts';
import type { Submitting } from './runs/submissions.ts';
import { readHead, readWorkersAndHead } from './scaling/loads.sql.ts';
import type { FleetSettings } from './settings.ts';
import { freshnessOf } from './workers/freshness.ts';

/** What decides where runs may go, and to whom. */
export interface RoutingParts {
  readonly directions: Directions;
  readonly placements: Placements;
  readonly poolSettings: Remembered<PoolName, PoolSetting>;
  readonly projectRoutings: Remembered<Submitting, ProjectRouting>;
  /** Why no worker can serve runs of this requirement now; null: one can. */
  readonly judge: (by: Submitting, requirement: Requirement) => Promise<string | null>;
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
  const fresh = freshnessOf(settings);
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
  const workerFacts = new Remembered<OrganizationId, readonly WorkerFact[]>({
    read: (orgId) => inTenant(db, [orgId], (tx) => readWorkerFacts(tx, orgId, fresh)),
    nameOf: (orgId) => orgId,
    ...trust,
  });
  const judge: RoutingParts['judge'] = async ({ orgId, projectId }, requirement) =>
    judgeQueue({ requirement, projectId }, await workerFacts.find(orgId));
  const directions = new Directions({
    readWorker: ({ orgId }, id) =>
      inTenant(db, [orgId], async (tx) => {
        const [worker] = await readWorkerFacts(tx, orgId, fresh, id);
        return worker ?? null;
      }),
    findWorkers: ({ orgId }) => workerFacts.find(orgId),
    stick: (key, of) => inTenant(db, [key.orgId], (tx) => stickTo(tx, key, of)),
    waitMs: settings.workerWaitMs,
    softWaitMs: settings.stickySoftWaitMs,
  });
  return { placements, poolSettings, projectRoutings, judge, directions };
}
