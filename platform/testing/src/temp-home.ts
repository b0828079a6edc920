import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { discardEmbeddedPostgres } from '@sagewai/embedded-postgres';

import { MEMORY_FOLDER, quickFolder } from './quick-folder.ts';

export interface TempHome {
  readonly path: string;
  /** Also stops and removes a PostgreSQL that was left in it. */
  readonly remove: () => Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// The name tells whose it is, so that a later run knows what was abandoned.
const PREFIX = 'sagewai-test-';
const NAME = /^sagewai-test-(\d+)-/;

/** A `SAGEWAI_HOME` for one test: `await using home = await tempHome()`. */
export const tempHome = (): Promise<TempHome> => makeHome(tmpdir());

/** For one that is written to a lot. */
export const quickHome = async (): Promise<TempHome> => makeHome(await quickFolder());

async function makeHome(folder: string): Promise<TempHome> {
  const path = await realpath(await mkdtemp(join(folder, `${PREFIX}${process.pid}-`)));
  const remove = async (): Promise<void> => {
    if ((await discard(path)) === 'in-use') {
      throw new Error(`the PostgreSQL in ${path} still has an owner`);
    }
  };
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/** Removes what runs that were killed have left: homes, and the PostgreSQL that runs on in them. */
export async function removeAbandonedHomes(): Promise<void> {
  for (const folder of [tmpdir(), MEMORY_FOLDER]) await removeAbandonedIn(folder);
}

async function removeAbandonedIn(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    const { uid } = await stat(path).catch(() => ({ uid: -1 }));
    // Another run may be removing it at this moment; one of the two will have done it.
    if (uid === process.getuid?.()) await discard(path).catch(() => undefined);
  }
}

async function discard(path: string): Promise<'discarded' | 'in-use'> {
  const outcome = await discardEmbeddedPostgres(path);
  if (outcome === 'discarded') await rm(path, { recursive: true, force: true });
  return outcome;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
