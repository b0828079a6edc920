import { createLog } from '@sagewai/log';

import type { ServerConfig } from './config.ts';
import { openDatabase, ownerUrlOf } from './open-database.ts';
import { stopSignal } from './stop-signal.ts';
import { waitForDatabase } from './wait-for-database.ts';

/** What a roll-out does first, with the login that may change the schema. Returns the exit code. */
export async function migrateOnly(config: ServerConfig): Promise<number> {
  const log = createLog({ level: config.logLevel, name: 'server' });
  const stop = stopSignal(() => process.exit(1));
  const waited = await waitForDatabase({
    url: ownerUrlOf(config),
    limitMs: config.databaseWaitMs,
    log,
    signal: stop.signal,
  });
  if (waited === 'stopped') return 1;
  const databases = await openDatabase(config, log);
  await databases.close();
  log.info('the schema is up to date');
  return 0;
}
