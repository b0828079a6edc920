/**
 * Keeps one PostgreSQL running for as long as its owner wants it.
 *
 *   S1. A postmaster that runs already is adopted, not restarted: others may be at work on it.
 *   S2. Its owner holds an advisory lock in it, on a connection of its own, for its lifetime; who finds
 *       the lock taken is refused and told the holder's pid.
 *   S3. When the postmaster dies it is started again; after too many deaths in a short time the owner
 *       is told, and nothing is tried any more.
 *       One that is found while it goes down is not adopted: it is waited out, and another started.
 *   S4. After `stop` nothing runs and nothing is started, whatever was under way.
 *
 * The lock on the home (`home-lock.ts`) is held around all of this. The advisory lock says the same to
 * whoever looks at the database, and its connection is how we hear that the postmaster has died: an
 * adopted one is not our child, so there is no exit to wait for.
 */
import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import { aborted, EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { PostmasterFile } from './postmaster-file.ts';
import { stopPostmaster } from './postmaster.ts';

export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface SuperviseOptions {
  /** Returns a running postmaster: the one that is there, or a new one. */
  readonly bringUp: (signal: AbortSignal) => Promise<PostmasterFile>;
  /** The one that is there now, ready or not. */
  readonly find: () => PostmasterFile | null;
  /** A superuser's, to a database that nobody drops. */
  readonly guardUrlOf: (postmaster: PostmasterFile) => string;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  readonly onLost: (error: EmbeddedPostgresError) => void;
}

export interface Supervision {
  postmaster(): PostmasterFile;
  stop(): Promise<void>;
}

// Any constant does; it is the same in every process of the product.
const OWNER_LOCK = 7_264_091_854;
const CONNECT_WITHIN_MS = 120_000;
const CONNECT_PAUSE_MS = 50;
const DEATHS_MAX = 5;
const DEATHS_WINDOW_MS = 60_000;

export async function supervise(options: SuperviseOptions): Promise<Supervision> {
  const { log, onLost } = options;
  const stopWhatRuns = async (): Promise<void> => {
    const running = options.find();
    if (running !== null) await stopPostmaster(running.pid);
  };
  const stopping = new AbortController();
  const starting = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal;
  const deaths: number[] = [];
  let recovery: Promise<void> = Promise.resolve();
  let guard: pg.Client | null = null;

  const bringUpOwned = async (signal: AbortSignal) => {
    const postmaster = await options.bringUp(signal);
    const isThere = (): boolean => options.find()?.pid === postmaster.pid;
    const url = options.guardUrlOf(postmaster);
    const owning = await takeOwnership(url, isThere, signal).catch(async (error: unknown) => {
      // Somebody else's is left alone; ours, which does not answer, would be in the way.
      if (!isLocked(error) && !signal.aborted && !isThere()) return null;
      if (!isLocked(error)) await stopWhatRuns();
      throw error;
    });
    return owning && { postmaster, owning };
  };

  const raise = async (signal: AbortSignal): Promise<PostmasterFile> => {
    let owned = await bringUpOwned(signal);
    for (let gone = 1; owned === null; gone += 1) {
      if (gone > DEATHS_MAX) throw tooManyDeaths(gone);
      owned = await bringUpOwned(signal); // S3
    }
    const { postmaster, owning } = owned;
    guard = owning;
    owning.once('end', () => {
      if (!stopping.signal.aborted) recovery = recover();
    });
    return postmaster;
  };

  const recover = async (): Promise<void> => {
    const now = Date.now();
    deaths.push(now);
    const recent = deaths.filter((at) => now - at < DEATHS_WINDOW_MS).length;
    log.warn('the connection to PostgreSQL ended; bringing it back', { deaths: recent }); // S3
    try {
      if (recent > DEATHS_MAX) throw tooManyDeaths(recent);
      current = await raise(stopping.signal);
      log.info('PostgreSQL is back', { pid: current.pid });
    } catch (cause) {
      if (stopping.signal.aborted) return; // S4
      const error =
        cause instanceof EmbeddedPostgresError ? cause : startFailed('did not come back', cause);
      log.error('PostgreSQL is lost', { error });
      onLost(error);
    }
  };

  let current = await raise(starting);
  return {
    postmaster: () => current,
    stop: async () => {
      stopping.abort();
      await recovery;
      await guard?.end().catch(() => undefined);
      await stopWhatRuns(); // S4
    },
  };
}

/** Connects and takes the owner's lock; waits while PostgreSQL recovers from a crash. Null: it has gone. */
async function takeOwnership(
  url: string,
  isThere: () => boolean,
  signal: AbortSignal,
): Promise<pg.Client | null> {
  const guard = await connectWithin(url, isThere, signal);
  if (guard === null) return null;
  try {
    const { rows } = await guard.query<{ taken: boolean }>(
      'select pg_try_advisory_lock($1) as taken', // S2
      [OWNER_LOCK],
    );
    if (rows[0]?.taken) return guard;
    throw locked(await findLockHolder(guard));
  } catch (error) {
    await guard.end().catch(() => undefined);
    throw error;
  }
}

async function connectWithin(
  url: string,
  isThere: () => boolean,
  signal: AbortSignal,
): Promise<pg.Client | null> {
  const giveUpAt = Date.now() + CONNECT_WITHIN_MS;
  for (;;) {
    if (signal.aborted) throw aborted();
    const client = new pg.Client({
      connectionString: url,
      application_name: applicationName(process.pid),
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
    });
    // An error of an idle connection is followed by `end`, which is what is listened to.
    client.on('error', () => undefined);
    const givenUp = Promise.withResolvers<never>();
    const giveUp = (): void => givenUp.reject(aborted());
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      // Given up, the connection ends with the server that it waits for.
      await Promise.race([client.connect(), givenUp.promise]);
      return client;
    } catch (cause) {
      if (signal.aborted) throw aborted();
      if (!isThere()) return null;
      if (Date.now() > giveUpAt) throw startFailed('does not answer', cause);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    await delay(CONNECT_PAUSE_MS);
  }
}

const applicationName = (pid: number): string => `sagewai owner ${pid}`;

async function findLockHolder(guard: pg.Client): Promise<number | null> {
  const { rows } = await guard.query<{ name: string }>(
    `select a.application_name as name
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted
       and (l.classid::bigint << 32 | l.objid::bigint) = $1`,
    [OWNER_LOCK],
  );
  const pid = /(\d+)$/.exec(rows[0]?.name ?? '')?.[1];
  return pid === undefined ? null : Number(pid);
}

const isLocked = (error: unknown): boolean =>
  error instanceof EmbeddedPostgresError && error.reason === 'locked';

function locked(ownerPid: number | null): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'locked',
    `this PostgreSQL is owned by process ${ownerPid ?? '(unknown)'}`,
    { ownerPid, remedy: 'stop that process, or use another --home' },
  );
}

function tooManyDeaths(count: number): EmbeddedPostgresError {
  return startFailed(`died ${count} times within ${DEATHS_WINDOW_MS / 1000} s`, undefined);
}

function startFailed(what: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError('start-failed', `PostgreSQL ${what}`, {
    remedy: 'read postgres/postgres.log in the home, then start again',
    cause,
  });
}
