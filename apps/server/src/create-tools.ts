import { createAction } from '@sagewai/action';
import type { Clock } from '@sagewai/clock';
import type { Decision } from '@sagewai/decision';
import { createPublicEgress } from '@sagewai/egress';
import type { Fleet } from '@sagewai/fleet';
import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import { TOOL_TIMEOUT_MS_MAX } from '@sagewai/wire';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import { storedReferences } from './secrets/stored-references.ts';
import type { ServerKeys } from './server-keys.ts';

interface Tools {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly close: () => Promise<void>;
}

/** The tool gateway with its own way out: no tool is at a host that was named for something else. */
export function createTools(of: {
  readonly config: ServerConfig;
  readonly keys: Pick<ServerKeys, 'sealing'>;
  readonly modelsFile?: Parameters<typeof storedReferences>[1]['modelsFile'];
  readonly db: Db;
  readonly dispatch: Db;
  readonly fleet: Fleet;
  readonly decision: Pick<Decision, 'offers'>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}): Tools {
  const { config, keys, db, dispatch, fleet, decision, objects, clock, log, metrics } = of;
  const egress = createPublicEgress({
    privateHosts: config.toolPrivateHosts,
    timeoutMs: TOOL_TIMEOUT_MS_MAX,
  });
  const action = createAction({
    db,
    dispatch,
    fleet,
    objects,
    clock,
    log,
    metrics,
    egress,
    offers: decision.offers,
    keys: keysFor(keys.sealing, 'tools'),
    references: storedReferences(config, of),
    settings: {
      timeoutMsDefault: config.toolTimeoutMs,
      graceMs: config.toolCallGraceMs,
      decideMs: config.toolDecisionTimeoutMs,
      approvedMs: config.toolApprovalLifetimeMs,
      keepMs: config.toolCallRetentionMs,
      sweepEveryMs: config.jobIntervalMs,
      commands: config.toolCommands,
    },
  });
  return { ...action, close: () => egress.close() };
}
