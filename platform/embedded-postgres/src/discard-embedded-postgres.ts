import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { layoutOf } from './home-layout.ts';
import { acquireHomeLock } from './home-lock.ts';
import { findPostmaster } from './postmaster-file.ts';
import { stopPostmaster } from './postmaster.ts';
import { chooseMode } from './run-as.ts';
import { removeSocketDirectory } from './socket-directory.ts';

/**
 * Removes the PostgreSQL of a home that nobody owns, its data included, and stops what a killed owner
 * left running. A home in use stays as it is.
 */
export async function discardEmbeddedPostgres(home: string): Promise<'discarded' | 'in-use'> {
  const path = await realpath(home);
  const mode = await chooseMode(path);
  const layout = layoutOf(path, mode);
  if (!existsSync(layout.root)) return 'discarded';
  let lock;
  try {
    lock = await acquireHomeLock(layout);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError && error.reason === 'locked') return 'in-use';
    throw error;
  }
  try {
    const running = findPostmaster(layout.dataDir);
    if (running !== null) await stopPostmaster(running.pid);
    await removeSocketDirectory(layout, mode);
    await rm(layout.cluster, { recursive: true, force: true });
    await rm(layout.root, { recursive: true, force: true });
    return 'discarded';
  } finally {
    lock.release();
  }
}
