import { spawn } from 'node:child_process';

import { aborted } from './embedded-postgres-error.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Folders in which the loader looks for shared libraries, joined by `:`. */
  readonly libraryPath?: string | null;
}

export interface Finished {
  /** Exit code; -1 when the program could not be started or died of a signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What our children get to see. The caller's environment stays out of it: it holds secrets, and
 * `PG…`, `LC_…` and `TZ` would change what PostgreSQL does.
 */
export function childEnvironment(
  libraryPath: string | null | undefined,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const loader = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(libraryPath ? { [loader]: libraryPath } : {}),
    ...extra,
  };
}

/** Runs a short-lived program. The signal kills it and rejects. */
export function runToEnd(
  command: Command,
  more: { input?: string; signal?: AbortSignal | undefined } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    if (more.signal?.aborted) return reject(aborted());
    const child = spawn(command.file, command.args, {
      cwd: '/',
      env: childEnvironment(command.libraryPath),
      // A group of its own: Ctrl-C in the terminal is ours to act on, not initdb's.
      detached: true,
      ...(command.uid === undefined ? {} : { uid: command.uid }),
      ...(command.gid === undefined ? {} : { gid: command.gid }),
    });
    const kill = (): void => killGroup(child.pid);
    more.signal?.addEventListener('abort', kill, { once: true });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // The program may end before it has read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(more.input ?? '');
    child.on('error', (error) => resolve({ status: -1, stdout, stderr: error.message }));
    child.on('close', (code) => {
      more.signal?.removeEventListener('abort', kill);
      if (more.signal?.aborted) reject(aborted());
      else resolve({ status: code ?? -1, stdout, stderr });
    });
    return undefined;
  });
}

/** Programs such as initdb have children of their own, which would write on. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
