import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';

import type { ServerConfig } from '../config.ts';
import type { Databases } from '../open-database.ts';
import type { ServerKeys } from '../server-keys.ts';
import { encryptionJobs } from './encryption-jobs.ts';
import { encryptionKeyRoutes } from './encryption-key-routes.ts';
import { dropHolder } from './key-register.sql.ts';

/** Replacing the key that seals what is stored. */
export function createEncryption({
  config,
  keys,
  databases: { request, dispatch },
  log,
}: {
  readonly config: Pick<ServerConfig, 'encryptionSeenIntervalMs' | 'encryptionResealIntervalMs'>;
  readonly keys: ServerKeys;
  readonly databases: Databases;
  readonly log: Log;
}): {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly close: () => Promise<void>;
} {
  const settings = {
    seenMs: config.encryptionSeenIntervalMs,
    resealMs: config.encryptionResealIntervalMs,
  };
  const parts = { db: request, dispatch, keys, settings, log };
  return {
    routes: encryptionKeyRoutes(parts),
    jobs: encryptionJobs(parts),
    // It seals no more; one that cannot say so is gone in time.
    close: () => dropHolder(dispatch, keys.replica).catch(() => undefined),
  };
}
