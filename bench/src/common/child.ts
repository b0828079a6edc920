import { type ChildProcess, fork, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

import type { Teardown } from './teardown.ts';

const STOP_GRACE_MS = 8_000;
const LOG_TAIL_LINES = 12;

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  hasEnded(): boolean;
  /** The end of what it has written so far, to say with a failure. */
  tail(): string;
}

export interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Takes its stdout and stderr. */
  readonly logFile: string;
}

/**
 * Starts a process that the teardown stops by its pid. It leads a process group of its own: a Ctrl-C
 * reaches us alone, and we stop the children in order.
 */
export function startChild(start: Start, teardown: Teardown): Child {
  const log = openSync(start.logFile, 'a');
  const child = spawn(start.command, start.args, {
    cwd: start.cwd,
    env: start.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return adoptChild(start.name, child, { logFile: start.logFile, teardown });
}

/** Starts one of our own modules, which speaks with us over IPC and ends when we do. */
export function forkModule(path: string, teardown: Teardown): Child {
  const child = fork(path, { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return adoptChild(basename(path), child, { logFile: null, teardown });
}

/** Takes charge of a process that was started otherwise. */
export function adoptChild(
  name: string,
  child: ChildProcess,
  { logFile, teardown }: { logFile: string | null; teardown: Teardown },
): Child {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.once('error', () => resolve()); // It could not be started; whoever waits for it says so.
  teardown.defer(name, () => stop(child, ended));
  return {
    name,
    pid: child.pid ?? -1,
    process: child,
    hasEnded: () => hasEnded(child),
    tail: () => (logFile === null ? '' : lastLines(logFile)),
  };
}

/** Or never began. */
function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}

function lastLines(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
