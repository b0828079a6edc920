import { type Db, inTenant } from '@sagewai/postgres';
import type { WorkerId } from '@sagewai/wire';

import { Activity } from './anomalies/activity.ts';
import { addActivity } from './anomalies/anomalies.sql.ts';
import { beat, takeBack, type TakenBack } from './dispatch/leases.sql.ts';
import { notifyWake } from './dispatch/wakes.sql.ts';
import { GroupCommit } from './group-commit.ts';
import { type Renewal, renewAll, type Renewed } from './identity/renewals.sql.ts';
import type { FleetSettings } from './settings.ts';
import { Heartbeats } from './workers/heartbeats.ts';
import { writeProbes } from './workers/probes.sql.ts';
import { Probes } from './workers/probes.ts';
import { WorkerDirectory } from './workers/worker-directory.ts';
import { WorkerNews } from './workers/worker-news.ts';
import { readWorkerRecords } from './workers/workers.sql.ts';

/** What one replica knows of workers, and what they tell it. */
export interface WorkerParts {
  readonly heartbeats: Heartbeats;
  readonly renewals: GroupCommit<Renewal, Renewed | null>;
  readonly activity: Activity;
  readonly probes: Probes;
  readonly directory: WorkerDirectory;
  readonly news: WorkerNews;
}

const RENEWAL_PACE_MS = 1_000;

export interface WorkerPartsOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly settings: FleetSettings;
  readonly replica: string;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
  readonly afterTakenBack: (taken: readonly TakenBack[]) => void;
  /** Ends the polls of a worker. */
  readonly dismiss: (workerId: WorkerId) => void;
}

export function createWorkerParts(options: WorkerPartsOptions): WorkerParts {
  const { db, dispatch, settings, replica, monotonicMs, onError, afterTakenBack, dismiss } =
    options;
  const heartbeats = new Heartbeats({
    beat: (some) => beat(dispatch, some, settings.unheldGraceMs),
    giveBack: async (leases) => {
      const why = 'its worker does not know of it';
      afterTakenBack(await takeBack(db, leases, { why, counts: false }));
    },
    signEveryMs: settings.heartbeatIntervalMs / 4,
    paceMs: settings.heartbeatPaceMs,
    monotonicMs,
    onError,
  });
  const activity = new Activity({
    write: (counts) => addActivity(dispatch, counts),
    monotonicMs,
  });
  const probes = new Probes({
    write: async (some) => {
      const orgIds = [...new Set(some.map(({ orgId }) => orgId))];
      await inTenant(db, orgIds, (tx) => writeProbes(tx, some));
    },
    onChanged: (workerId) => news.tell(workerId),
    refreshMs: settings.probeRefreshMs,
    paceMs: settings.heartbeatPaceMs,
    monotonicMs,
    onError,
  });
  const directory = new WorkerDirectory({
    read: (ids) => readWorkerRecords(db, ids, settings.probeStaleMs),
    trustMs: settings.workerTrustMs,
    trustMsMax: 2 * settings.workerRefreshMs,
    monotonicMs,
    onError,
  });
  const renewals = new GroupCommit<Renewal, Renewed | null>({
    commit: (some) => renewAll(dispatch, some),
    weightMax: 1_000,
    lanes: 1,
    keysOf: ({ workerId }) => [workerId],
    // A worker waits for it beside its heartbeat, and may be in a hurry.
    pace: { everyMs: Math.min(settings.heartbeatPaceMs, RENEWAL_PACE_MS), monotonicMs },
  });
  const news = new WorkerNews({
    replica,
    flushMs: settings.newsFlushMs,
    notify: (payload) => notifyWake(dispatch, payload),
    onChanged: (workerId) => {
      directory.forget(workerId);
      dismiss(workerId);
    },
    onOrganizationChanged: (orgId) => directory.forgetOrganization(orgId),
    onError,
  });
  return { heartbeats, renewals, activity, probes, directory, news };
}
