/**
 * The lock on a home: at most one process owns it.
 *
 *   P1. At most one process prepares, starts, adopts or stops the PostgreSQL of a home.
 *   P2. The lock ends with its holder, whatever ends it: no stale lock to judge or to remove.
 *   P3. Who is refused is told the holder's pid.
 *
 * The lock is the kernel's (fcntl), taken through SQLite, which Node carries: an exclusive
 * transaction that is never ended, on a file that stays empty. A file with a pid in it (O_EXCL) would
 * need somebody to judge whether that pid is alive and still the same program, and two judges to
 * agree on who removes it; Node cannot call flock, and flock(1) is not everywhere. It holds between
 * containers that share a volume too, where pids mean nothing. It is a second lock beside the advisory
 * lock in the database (`supervise.ts`), which cannot exist before the database does.
 *
 * The file must not be opened by anything else in the owning process: closing any descriptor of it
 * would end the lock. So the holder's pid is in a file of its own, which only informs.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { HomeLayout } from './home-layout.ts';
import { isAlive } from './postmaster-file.ts';

export interface HomeLock {
  release(): void;
}

/** Held from here too: a handle that is garbage would be closed, and the lock gone (P1). */
const held = new Set<DatabaseSync>();

const SQLITE_BUSY = 5;
const ATTEMPTS = 5;
const ATTEMPT_PAUSE_MS = 30;

/** Takes the lock or throws `locked`. A short look by `findOwner` is waited out. */
export async function acquireHomeLock(layout: HomeLayout): Promise<HomeLock> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const lock = tryLock(layout.lockFile, 'exclusive');
    if (lock) {
      held.add(lock);
      writeFileSync(layout.ownerFile, JSON.stringify({ pid: process.pid }), { mode: 0o600 });
      return {
        release: () => {
          rmSync(layout.ownerFile, { force: true });
          lock.close();
          held.delete(lock);
        },
      };
    }
    await delay(ATTEMPT_PAUSE_MS);
  }
  const ownerPid = readOwnerPid(layout);
  const who = ownerPid === null ? 'another process' : `process ${ownerPid}`;
  throw new EmbeddedPostgresError('locked', `${layout.home} is in use by ${who}`, {
    ownerPid,
    remedy:
      ownerPid === null
        ? 'stop the other process (it may run in another container), or use another --home'
        : `stop it (kill ${ownerPid}), or use another --home`,
  });
}

export type Ownership =
  | { readonly kind: 'free' }
  | { readonly kind: 'held'; readonly ownerPid: number | null };

/** Looks without keeping anything. */
export function findOwner(layout: HomeLayout): Ownership {
  if (!existsSync(layout.lockFile)) return { kind: 'free' };
  const lock = tryLock(layout.lockFile, 'shared');
  if (!lock) return { kind: 'held', ownerPid: readOwnerPid(layout) };
  lock.close();
  return { kind: 'free' };
}

function tryLock(file: string, strength: 'exclusive' | 'shared'): DatabaseSync | null {
  const database = new DatabaseSync(file, { timeout: 0, readOnly: strength === 'shared' });
  try {
    if (strength === 'exclusive') database.exec('begin exclusive');
    else database.exec('begin; select count(*) from sqlite_master');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw new EmbeddedPostgresError('start-failed', `${file} cannot be locked`, {
      remedy: 'put the home on a file system with locks (a local disk)',
      cause: error,
    });
  }
}

/** The pid that the holder wrote; `null` when it cannot be seen from here. */
function readOwnerPid(layout: HomeLayout): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(layout.ownerFile, 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' && isAlive(pid) ? pid : null;
  } catch {
    return null;
  }
}
