import type { Leadership } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, seekAdvisoryLock } from '@sagewai/postgres';

export interface SoughtLeadership extends Leadership {
  stop(): Promise<void>;
}

const LOOK_MS = 2_000;
const PING_MS = 5_000;

/** One replica leads: the one whose session holds the lock. It goes with the session, so a killed one is replaced. */
export function seekLeadership(db: Db, log: Log): SoughtLeadership {
  const stop = new AbortController();
  let leads = false;
  const sought = seekAdvisoryLock(db, 'sagewai-leader', {
    signal: stop.signal,
    everyMs: LOOK_MS,
    pingEveryMs: PING_MS,
    onHeld: () => {
      leads = true;
      log.info('this replica leads');
    },
    onLost: (error) => {
      leads = false;
      if (!stop.signal.aborted) log.warn('this replica leads no more', { error });
    },
  });
  return {
    isLeader: () => leads && !stop.signal.aborted,
    stop: async () => {
      stop.abort();
      await sought;
    },
  };
}
