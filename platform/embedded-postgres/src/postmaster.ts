/**
 * One postmaster: started, awaited, stopped.
 *
 * It leads a session of its own, so that Ctrl-C in the terminal reaches us and not it: what uses the
 * database stops first. It therefore also survives us. When our process is killed it goes on, holding
 * its data safe, and the next start on the same home adopts it (`supervise.ts`).
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { aborted, EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { Binaries } from './find-binaries.ts';
import type { HomeLayout, Mode } from './home-layout.ts';
import {
  findPostmaster,
  isAlive,
  type PostmasterFile,
  readPostmasterFile,
} from './postmaster-file.ts';
import { commandAs } from './run-as.ts';
import { childEnvironment } from './run-to-end.ts';

export interface LaunchOptions {
  readonly layout: HomeLayout;
  readonly binaries: Binaries;
  readonly mode: Mode;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 10;
const LOG_BYTES_MAX = 4 * 1024 * 1024;
const LEFTOVER_WAIT_MS = 10_000;

/** Starts a postmaster and waits until it takes connections; nothing is left behind when it throws. */
export async function launch(options: LaunchOptions): Promise<PostmasterFile> {
  const giveUpAt = Date.now() + LEFTOVER_WAIT_MS;
  for (;;) {
    const outcome = await launchOnce(options);
    if (outcome.kind === 'ready') return outcome.postmaster;
    // The children of a killed postmaster hold its shared memory until they notice, in moments.
    const waitsForLeftovers = /shared memory block|lock file ".*" already exists/.test(outcome.log);
    if (!waitsForLeftovers || Date.now() > giveUpAt) throw startFailed(options, outcome.log);
    await delay(10 * POLL_MS);
  }
}

type Outcome =
  | { readonly kind: 'ready'; readonly postmaster: PostmasterFile }
  | { readonly kind: 'ended'; readonly log: string };

async function launchOnce(options: LaunchOptions): Promise<Outcome> {
  const { layout, binaries, mode, signal } = options;
  if (signal.aborted) throw aborted();
  const command = commandAs(mode, join(binaries.dir, 'postgres'), options.args);
  const log = openLog(layout.logFile);
  const child = spawn(command.file, command.args, {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor],
    env: childEnvironment(binaries.libraryPath, excuseStalePid(layout.dataDir)),
    ...(command.uid === undefined ? {} : { uid: command.uid }),
    ...(command.gid === undefined ? {} : { gid: command.gid }),
  });
  closeSync(log.descriptor);
  let failure: string | null = null;
  child.on('error', (error) => (failure = error.message));
  child.on('exit', (code, killedBy) => (failure ??= `ended with ${killedBy ?? code}`));
  child.unref();
  const giveUpAt = Date.now() + options.timeoutMs;
  for (;;) {
    if (failure !== null) {
      return { kind: 'ended', log: (await readLog(layout.logFile, log.offset)) || failure };
    }
    const postmaster = readPostmasterFile(layout.dataDir);
    if (postmaster?.isReady && postmaster.pid === child.pid) return { kind: 'ready', postmaster };
    if (signal.aborted || Date.now() > giveUpAt) {
      if (child.pid !== undefined) await stopPostmaster(child.pid);
      if (signal.aborted) throw aborted();
      throw startFailed(options, `not ready within ${options.timeoutMs} ms`);
    }
    await delay(POLL_MS);
  }
}

/**
 * After a crash of the machine, or in a new container, the pid in a stale `postmaster.pid` may be
 * another program's, and PostgreSQL would take that for a running postmaster. It ignores the pid that
 * this variable names (pg_ctl's way of saying who the caller is) and still checks the shared memory.
 */
function excuseStalePid(dataDir: string): Record<string, string> {
  const stale = readPostmasterFile(dataDir);
  if (stale === null || findPostmaster(dataDir) !== null) return {};
  return { PG_GRANDPARENT_PID: String(stale.pid) };
}

const FAST_MS = 60_000;
const IMMEDIATE_MS = 10_000;

/** Fast shutdown: sessions are ended, everything is written. Only if that hangs, the hard way. */
export async function stopPostmaster(pid: number): Promise<void> {
  if (await endsAfter(pid, 'SIGINT', FAST_MS)) return;
  if (await endsAfter(pid, 'SIGQUIT', IMMEDIATE_MS)) return;
  throw new EmbeddedPostgresError('stop-failed', `PostgreSQL (process ${pid}) does not stop`, {
    remedy: `kill -9 ${pid}; no acknowledged write is lost by it`,
  });
}

async function endsAfter(pid: number, signal: NodeJS.Signals, withinMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + withinMs;
  try {
    process.kill(pid, signal);
  } catch {
    return true;
  }
  while (isAlive(pid)) {
    if (Date.now() > giveUpAt) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** The log is appended to by the postmaster itself, so that it goes on when we end. */
function openLog(path: string): { descriptor: number; offset: number } {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return { descriptor: openSync(path, 'a', 0o600), offset: size > LOG_BYTES_MAX ? 0 : size };
}

async function readLog(path: string, offset: number): Promise<string> {
  const handle = await open(path, 'r');
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536, offset);
  await handle.close();
  return buffer.toString('utf8', 0, bytesRead);
}

function startFailed(options: LaunchOptions, log: string): EmbeddedPostgresError {
  const reason = /(?:FATAL|PANIC): .*/.exec(log)?.[0] ?? log.trim().split('\n').at(-1) ?? '';
  return new EmbeddedPostgresError('start-failed', `PostgreSQL did not start: ${reason}`, {
    remedy: `read ${options.layout.logFile}`,
  });
}
