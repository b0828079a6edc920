import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** What PostgreSQL says about itself in `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  /** Empty when it listens on no TCP address. */
  readonly listenAddress: string;
  readonly isReady: boolean;
}

/** The lines of `postmaster.pid`; `null` for a file that is not yet whole. */
function parsePostmasterFile(text: string): PostmasterFile | null {
  const [pid, , , port, socketDir, listenAddress, , status] = text.split('\n');
  if (!pid || !port || socketDir === undefined || !/^\d+$/.test(pid)) return null;
  return {
    pid: Number(pid),
    port: Number(port),
    socketDir,
    listenAddress: listenAddress ?? '',
    isReady: status?.trim() === 'ready',
  };
}

export function readPostmasterFile(dataDir: string): PostmasterFile | null {
  try {
    return parsePostmasterFile(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8'));
  } catch {
    return null;
  }
}

/** The postmaster that runs on `dataDir`, or `null`. A pid that another program has by now is not one. */
export function findPostmaster(dataDir: string): PostmasterFile | null {
  const file = readPostmasterFile(dataDir);
  return file && isAlive(file.pid) && worksIn(file.pid, dataDir) ? file : null;
}

/** A zombie is not alive: some containers have nobody who reaps orphans. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    // The name of the program is in parentheses and may hold anything; the state follows it.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0] === 'Z';
  } catch {
    return false;
  }
}

/** A postmaster changes into its data directory. Without /proc the pid has to do. */
function worksIn(pid: number, dataDir: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
  } catch {
    return false;
  }
}
