import type { Leadership } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, seekAdvisoryLock } from '@sagewai/postgres';

import { PLANES } from './planes.ts';

export interface SoughtLeadership extends Leadership {
  stop(): Promise<void>;
}

const LOOK_MS = 2_000;
const PING_MS = 5_000;

/**
 * Of the replicas that serve the same planes one leads: the one whose session holds the lock. It goes with the session, so
 * a killed one is replaced. Whoever serves other planes has other jobs, and a lead of its own: else the jobs of all other
 * planes would be nobody's while a gateway leads. A plane of two groups has its jobs run by both leads, as in the
 * moment in which one lead follows another.
 */
export function seekLeadership(db: Db, log: Log, planes: readonly string[]): SoughtLeadership {
  const stop = new AbortController();
  let leads = false;
  const sought = seekAdvisoryLock(db, lockOf(planes), {
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

const lockOf = (planes: readonly string[]): string =>
  PLANES.every((plane) => planes.includes(plane))
    ? 'sagewai-leader'
    : `sagewai-leader of ${[...new Set(planes)].toSorted().join(', ')}`;
