import { setTimeout as delay } from 'node:timers/promises';

import { formatDuration } from '@sagewai/config';
import type { Log } from '@sagewai/log';
import { connect, readServerVersion } from '@sagewai/postgres';

export interface DatabaseWait {
  readonly url: string;
  readonly limitMs: number;
  readonly log: Log;
  /** Somebody does not want to wait any longer. */
  readonly signal: AbortSignal;
}

const VERSION_MIN = 150_000;
const PAUSE_MS_FIRST = 200;
const PAUSE_MS_MAX = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * One clear line, then patience: compose files start the database and us at the same time. What time
 * does not mend (a wrong password, a version too old) is thrown at once.
 */
export async function waitForDatabase(wait: DatabaseWait): Promise<'up' | 'stopped'> {
  const { url, limitMs, log, signal } = wait;
  const startedAt = performance.now();
  for (
    let pauseMs = PAUSE_MS_FIRST;
    !signal.aborted;
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)
  ) {
    const obstacle = await findObstacle(url);
    if (obstacle === null) return 'up';
    const reason = messageOf(obstacle);
    if (performance.now() - startedAt > limitMs) {
      const limit = `${formatDuration(limitMs)} (DATABASE_WAIT)`;
      throw new Error(`the database did not come up within ${limit}: ${reason}`);
    }
    if (pauseMs === PAUSE_MS_FIRST) {
      log.warn('the database is not up yet; waiting for it', {
        reason,
        limit: formatDuration(limitMs),
      });
    }
    // Aborted, it rejects: the loop's condition ends it.
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return 'stopped';
}

/** Null when it is up; what will pass is returned, and what will not is thrown. */
async function findObstacle(url: string): Promise<unknown> {
  const probe = connect({
    url,
    role: null,
    maxConnections: 1,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  try {
    const version = await readServerVersion(probe);
    if (version.number >= VERSION_MIN) return null;
    throw new Error(`PostgreSQL ${version.text} is too old: 15 is the least`);
  } catch (error) {
    if (isTemporary(error)) return error;
    throw error;
  } finally {
    await probe.close().catch(() => undefined);
  }
}

const TEMPORARY: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // the socket of a PostgreSQL that has not started
  '53300', // too many connections
  '57P01', // it is told to stop
  '57P03', // it starts, or recovers
];

function isTemporary(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTemporary);
  if (!(error instanceof Error)) return false;
  if ('code' in error && TEMPORARY.includes(error.code)) return true;
  return /timeout|terminated unexpectedly/i.test(error.message);
}

/** Of several addresses that were tried, the first says enough; the sum of them has no message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
