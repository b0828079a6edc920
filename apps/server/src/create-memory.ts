import type { Clock } from '@sagewai/clock';
import type { Route } from '@sagewai/http';
import { createIntelligence, type Intelligence } from '@sagewai/intelligence';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import { HOUR_MS, MINUTE_MS } from './fleet-setting.ts';
import { rootsIn } from './index-roots.ts';
import type { ServerKeys } from './server-keys.ts';

export function createMemory(of: {
  readonly config: ServerConfig;
  readonly keys: Pick<ServerKeys, 'sealing'>;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly models: readonly Route[];
  readonly objects: ObjectStore;
}): Intelligence {
  const { config, keys, db, clock, log, models, objects } = of;
  return createIntelligence({
    db,
    keys: keysFor(keys.sealing, 'intelligence'),
    clock,
    log,
    models,
    objects,
    rootsOf: rootsIn(config.indexRoots, db),
    settings: {
      memory: config.chatMemory,
      embeddingModel: config.embeddingModel,
      recalledBytesMax: config.chatRecalledBytesMax,
      passageTokensMax: config.indexPassageTokensMax,
      passagesMax: config.indexPassagesMax,
      artifactBytesMax: config.artifactBytesMax,
      artifactsBytesMax: config.artifactsBytesMax,
      dialogsKeptMax: config.chatDialogsMax,
      chatsKeptMs: config.chatRetentionMs,
      // A tenth late is early enough: who keeps chats for a month is not asked about them every minute.
      sweepEveryMs: Math.max(MINUTE_MS, Math.min(HOUR_MS, config.chatRetentionMs / 10)),
    },
  });
}
