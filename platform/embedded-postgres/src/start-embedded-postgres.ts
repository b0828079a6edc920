import { existsSync } from 'node:fs';
import { mkdir, realpath, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { readPasswords, urlOf } from './cluster-access.ts';
import {
  createCluster,
  LOGIN,
  makePasswords,
  type Passwords,
  setPasswords,
  SUPERUSER,
} from './create-cluster.ts';
import { aborted, type EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { type Binaries, findBinaries, readDataMajor } from './find-binaries.ts';
import { type HomeLayout, layoutOf, type Mode } from './home-layout.ts';
import { acquireHomeLock } from './home-lock.ts';
import { findPostmaster, type PostmasterFile } from './postmaster-file.ts';
import { launch, stopPostmaster } from './postmaster.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { relocateBinaries } from './relocate-binaries.ts';
import { chooseMode, ownUid } from './run-as.ts';
import { serverArguments, type Settings } from './server-settings.ts';
import { ensureSocketDirectory, removeSocketDirectory } from './socket-directory.ts';
import { type Log, supervise } from './supervise.ts';

export interface EmbeddedPostgresOptions {
  /** `SAGEWAI_HOME`; made (0700) when it is missing. */
  readonly home: string;
  readonly log: Log;
  /** Over the laptop's defaults. */
  readonly settings?: Settings;
  /** Off only for data that nobody will miss. Default on. */
  readonly fsync?: boolean;
  /** Ends a start that is under way; afterwards it does nothing. */
  readonly signal?: AbortSignal;
  /** The folder with `postgres` and `initdb`; default: the npm package's, else the system's newest. */
  readonly binDir?: string;
  /** Also listens on this port of 127.0.0.1. Default: the Unix socket only. */
  readonly tcpPort?: number;
  /** Where templates of data directories are kept; `null` for none. Default `~/.cache/sagewai/postgres`. */
  readonly cacheDir?: string | null;
  /** As whom PostgreSQL runs; found out by default. */
  readonly mode?: Mode;
  readonly startTimeoutMs?: number;
  /** PostgreSQL has died too often to be brought back; what uses it must end. */
  readonly onLost?: (error: EmbeddedPostgresError) => void;
}

export interface EmbeddedPostgres {
  /** The database `sagewai` by its owner, who is no superuser. Holds a password. */
  readonly url: string;
  /** The same database by the superuser. Holds a password. */
  readonly adminUrl: string;
  /** As `18.4`. */
  readonly version: string;
  readonly mode: Mode;
  readonly binaries: Pick<Binaries, 'dir' | 'source'>;
  /** It ran already, left by a process that was killed. */
  readonly adopted: boolean;
  /** Of the postmaster; another one after it had to be started again. */
  readonly pid: number;
  /** Fast shutdown, waited for; then the home is free. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** Recovery after a crash may take a while, and would begin anew if it were given up. */
const START_TIMEOUT_MS = 300_000;

/** Starts, or adopts, the PostgreSQL of a home, and owns it until `stop`. Throws `EmbeddedPostgresError`. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  const home = await realpath(options.home);
  const mode = options.mode ?? (await chooseMode(home));
  const layout = layoutOf(home, mode);
  await ensurePrivateDirectory(layout.root, ownUid());
  const lock = await acquireHomeLock(layout);
  const release = async (): Promise<void> => {
    await removeSocketDirectory(layout, mode);
    lock.release();
  };
  try {
    return await startOwned(options, { mode, layout, release });
  } catch (error) {
    await release();
    throw error;
  }
}

interface Owned {
  readonly mode: Mode;
  readonly layout: HomeLayout;
  readonly release: () => Promise<void>;
}

async function startOwned(
  options: EmbeddedPostgresOptions,
  { mode, layout, release }: Owned,
): Promise<EmbeddedPostgres> {
  const { signal, log } = options;
  if (mode === 'nobody') await mkdir(layout.cluster, { recursive: true, mode: 0o755 });
  const found = await findBinaries({
    binDir: options.binDir,
    linkDir: join(layout.root, 'lib'),
    dataMajor: await readDataMajor(layout.dataDir),
  });
  const binaries = await relocateBinaries(found, mode, layout);
  const passwords = await ensureCluster(options, { binaries, mode, signal }, layout);
  let adopted = false;
  const supervision = await supervise({
    log,
    signal,
    onLost: options.onLost ?? (() => undefined),
    find: () => findPostmaster(layout.dataDir),
    guardUrlOf: (postmaster) => urlOf(postmaster, SUPERUSER, passwords.superuser, 'postgres'),
    bringUp: async (bringUpSignal) => {
      const up = await bringUp(options, { mode, layout, binaries }, bringUpSignal);
      adopted = up.adopted;
      return up.postmaster;
    },
  });
  const { pid } = supervision.postmaster();
  log.info('PostgreSQL is up', { pid, mode, adopted, version: binaries.version });
  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    try {
      await supervision.stop();
    } finally {
      await release();
    }
  };
  return {
    url: urlOf(supervision.postmaster(), LOGIN, passwords.login),
    adminUrl: urlOf(supervision.postmaster(), SUPERUSER, passwords.superuser),
    version: binaries.version,
    mode,
    binaries: { dir: binaries.dir, source: binaries.source },
    adopted,
    get pid() {
      return supervision.postmaster().pid;
    },
    stop: () => (stopped ??= stop()),
  };
}

/** The postmaster that runs already (S1), unless it cannot be used as it is; else a new one. */
async function bringUp(
  options: EmbeddedPostgresOptions,
  of: Pick<Owned, 'mode' | 'layout'> & { readonly binaries: Binaries },
  signal: AbortSignal,
): Promise<{ readonly postmaster: PostmasterFile; readonly adopted: boolean }> {
  const { mode, layout, binaries } = of;
  const { tcpPort = null, fsync = true, settings = {}, startTimeoutMs } = options;
  if (signal.aborted) throw aborted();
  await ensureSocketDirectory(layout, mode);
  const running = findPostmaster(layout.dataDir);
  if (running !== null && isUsable(running, layout, tcpPort)) {
    return { postmaster: running, adopted: true };
  }
  if (running !== null) await stopPostmaster(running.pid);
  const { dataDir, socketDir } = layout;
  const { major } = binaries;
  const postmaster = await launch({
    layout,
    binaries,
    mode,
    args: serverArguments({ dataDir, socketDir, tcpPort, major, fsync, settings }),
    timeoutMs: startTimeoutMs ?? START_TIMEOUT_MS,
    signal,
  });
  return { postmaster, adopted: false };
}

/** An adopted postmaster must be reachable where this start wants it. */
function isUsable(running: PostmasterFile, layout: HomeLayout, tcpPort: number | null): boolean {
  const listens = running.listenAddress === '' ? null : running.port;
  return listens === tcpPort && existsSync(join(layout.socketDir, `.s.PGSQL.${running.port}`));
}

/** Makes the data directory when there is none; the passwords are on the disk before it is. */
async function ensureCluster(
  options: EmbeddedPostgresOptions,
  making: Parameters<typeof createCluster>[0],
  layout: HomeLayout,
): Promise<Passwords> {
  const exists = existsSync(join(layout.dataDir, 'PG_VERSION'));
  const known = exists ? readPasswords(layout.passwordFile) : null;
  if (known !== null) return known;
  const passwords = makePasswords();
  const { dataDir } = layout;
  if (exists) {
    options.log.warn('the database password was lost; making a new one', { home: layout.home });
    const running = findPostmaster(dataDir);
    if (running !== null) await stopPostmaster(running.pid);
    await setPasswords(making, dataDir, passwords);
    await writePasswords(layout.passwordFile, passwords);
    return passwords;
  }
  await writePasswords(layout.passwordFile, passwords);
  const cacheDir = options.cacheDir === undefined ? defaultCacheDir() : options.cacheDir;
  await createCluster(making, { dataDir, cacheDir, fsync: options.fsync ?? true, passwords });
  return passwords;
}

const defaultCacheDir = (): string => join(homedir(), '.cache', 'sagewai', 'postgres');

async function writePasswords(path: string, passwords: Passwords): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(passwords), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
