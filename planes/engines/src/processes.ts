import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';

import type { Log } from '@sagewai/log';

/** What a process of an engine knows of the server's environment: no secret of it. */
const PASSED: readonly string[] = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'HF_HOME',
];
const TOLD_LETTERS = 2_000;

export interface Processes {
  /** In place of one of the same id, which is ended. */
  start(id: string, program: string, words: readonly string[]): void;
  isAlive(id: string): boolean;
  ids(): readonly string[];
  /** Asks it to end, and ends it where it does not. */
  stop(id: string): Promise<void>;
  stopAll(): Promise<void>;
}

/** The processes that this server has started; each leads a group, which ends with it. */
export function createProcesses(of: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly graceMs: number;
  readonly ended: (id: string) => void;
}): Processes {
  const { environment, log, graceMs, ended } = of;
  const children = new Map<string, ChildProcess>();
  const env = Object.fromEntries(PASSED.map((name) => [name, environment[name]]));

  const processes: Processes = {
    start: (id, program, words) => {
      void processes.stop(id);
      const child = spawn(program, words, {
        env,
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.set(id, child);
      let told = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        told = (told + text).slice(-TOLD_LETTERS);
      });
      const over = (how: string): void => {
        if (children.get(id) !== child) return;
        children.delete(id);
        log.warn('the process of an engine has ended', { engine: id, how, told });
        ended(id);
      };
      child.once('error', (error) => over(error.message));
      child.once('exit', (code, signal) => over(signal ?? `code ${code}`));
    },
    isAlive: (id) => children.has(id),
    ids: () => [...children.keys()],
    stop: async (id) => {
      const child = children.get(id);
      if (child === undefined) return;
      const gone = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        // One that could not be started has no exit.
        child.once('error', () => resolve());
      });
      children.delete(id);
      signalGroup(child, 'SIGTERM');
      const late = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
      await gone;
      clearTimeout(late);
      signalGroup(child, 'SIGKILL');
    },
    stopAll: async () => {
      await Promise.all([...children.keys()].map((id) => processes.stop(id)));
    },
  };
  return processes;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** One that is free now, at an address of this machine or, where others reach it by one that it does not have, at any. */
export async function findPort(host: string): Promise<number> {
  const server = await listening(host).catch(() => listening(undefined));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('a port without a number');
  return address.port;
}

async function listening(host: string | undefined): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, ...(host === undefined ? {} : { host }) }, resolve);
  });
  return server;
}
