import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';

import type { Stage } from './stage.ts';

const STOP_GRACE_MS = 12_000;
const LINE_MS_MAX = 30_000;
const LOG_BYTES_MAX = 4 * 1024 * 1024;

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly name: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything it wrote so far, both streams in order of arrival. */
  text(): string;
  stdout(): string;
  /** The first match in what it writes; throws with the log when it ends first, or takes too long. */
  says(pattern: RegExp, msMax?: number): Promise<RegExpExecArray>;
  readonly ended: Promise<End>;
  hasEnded(): boolean;
  send(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when that takes too long; also for one that was stopped by SIGSTOP. */
  stop(): Promise<End>;
  /** SIGKILL. */
  kill(): Promise<End>;
}

export interface Start {
  readonly name: string;
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** With a channel, processes of ours end when the test's own process goes. Default: with. */
  readonly channel?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Starts a process that the stage stops by its pid, and keeps what it writes. */
export function startProcess(stage: Stage, start: Start): Running {
  const { name, command, words, environment, cwd, channel = true, user } = start;
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...(channel ? (['ipc'] as const) : [])];
  const child = spawn(command, [...words], {
    cwd: cwd ?? '/',
    env: environment,
    detached: true,
    stdio,
    ...user,
  });
  const running = watch(name, child);
  stage.adopt(running);
  return running;
}

function watch(name: string, child: ChildProcess): Running {
  let all = '';
  let out = '';
  let end: End | null = null;
  let changed = Promise.withResolvers<void>();
  const { promise: ended, resolve } = Promise.withResolvers<End>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const hear = (chunk: Buffer, isOut: boolean): void => {
    all = (all + chunk.toString()).slice(-LOG_BYTES_MAX);
    if (isOut) out += chunk.toString();
    tell();
  };
  child.stdout?.on('data', (chunk: Buffer) => hear(chunk, true));
  child.stderr?.on('data', (chunk: Buffer) => hear(chunk, false));
  child.on('error', (error) => hear(Buffer.from(`cannot start: ${error.message}\n`), false));
  // 'close' comes after the streams have ended: what it said last is in the log by then.
  child.on('close', (code, signal) => {
    end = { code, signal };
    resolve(end);
    tell();
  });

  async function says(pattern: RegExp, msMax = LINE_MS_MAX): Promise<RegExpExecArray> {
    const late = Promise.withResolvers<void>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late.resolve();
    }, msMax);
    try {
      for (;;) {
        const match = pattern.exec(all);
        if (match) return match;
        const why = end
          ? `ended (${JSON.stringify(end)})`
          : isLate
            ? `took over ${msMax} ms`
            : null;
        if (why) throw new Error(`${name} ${why} before it said ${pattern}:\n${all.slice(-8_000)}`);
        await Promise.race([changed.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  const send = (signal: NodeJS.Signals): void => {
    if (!end) child.kill(signal);
  };
  async function stop(): Promise<End> {
    send('SIGTERM');
    send('SIGCONT');
    const timer = setTimeout(() => send('SIGKILL'), STOP_GRACE_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  }
  async function kill(): Promise<End> {
    send('SIGKILL');
    return ended;
  }
  return {
    name,
    pid: child.pid ?? -1,
    child,
    text: () => all,
    stdout: () => out,
    says,
    ended,
    hasEnded: () => end !== null,
    send,
    stop,
    kill,
  };
}
