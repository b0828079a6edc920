import type { Fleet } from '@sagewai/fleet';
import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';

import type { ServerConfig } from '../config.ts';
import type { Databases } from '../open-database.ts';
import type { ServerKeys } from '../server-keys.ts';
import { DELETION_JOB, deleteProjectsJob } from './delete-projects.ts';
import { deletionRoutes } from './deletion-routes.ts';

export function createProjectDeletion(of: {
  readonly config: ServerConfig;
  readonly databases: Databases;
  readonly objects: ObjectStore;
  readonly keys: Pick<ServerKeys, 'signing'>;
  readonly fleet: Pick<Fleet, 'cancelProject'>;
  readonly nudge: (job: string) => void;
  readonly log: Log;
}): { readonly routes: readonly Route[]; readonly jobs: readonly Job[] } {
  const { config, databases, objects, keys, fleet, log } = of;
  const parts = {
    db: databases.request,
    dispatch: databases.dispatch,
    objects,
    fleet,
    signing: keys.signing,
    settings: {
      graceMs: config.projectDeletionGraceMs,
      retryMs: config.projectDeletionRetryMs,
      batch: config.projectDeletionBatch,
    },
    log,
  };
  return {
    routes: deletionRoutes({ ...parts, nudge: () => of.nudge(DELETION_JOB) }),
    jobs: [deleteProjectsJob(parts)],
  };
}
