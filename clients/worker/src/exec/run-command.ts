import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import type { Environment } from '../credentials/run-scope.ts';
import type { CommandProfile } from './command-profile.ts';
import { inContainer, type Mount } from './in-container.ts';

export interface CommandCall {
  /** As JSON on its standard input. */
  readonly input: unknown;
  /** What the profile allows is taken from here. */
  readonly environment: Environment;
  /** What it is told beside that: which run it works for. */
  readonly told: Readonly<Record<string, string>>;
  /** What the container's name begins with, where there is one. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** What its container sees of this machine, where there is one. */
  readonly mounts?: readonly Mount[];
  /** Hears what it says while it says it. */
  readonly onOutput?: (piece: Uint8Array) => void;
}

export type CommandEnd =
  | {
      readonly kind: 'exited';
      readonly code: number;
      readonly output: string;
      readonly said: string;
    }
  | {
      readonly kind: 'stopped';
      readonly by: 'timeout' | 'output' | 'signal';
      readonly said: string;
    }
  | { readonly kind: 'unstarted'; readonly reason: string };

/** Of what it says on its standard error, the last of it. */
const SAID_CHARS_MAX = 4_000;
/** Between being asked to end and being ended. */
const GRACE_MS = 5_000;
/** By `docker run`, and those that take its arguments: they themselves have failed, and nothing was started. */
const RUNTIME_FAILED = 125;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a command in a process group of its own, gives it JSON, and waits for its end. Whatever it has started ends
 * with it: the group is killed at its end too, however that came.
 */
export async function runCommand(profile: CommandProfile, call: CommandCall): Promise<CommandEnd> {
  const { cwd, container } = profile;
  if (cwd !== null && container === null) return runIn(cwd, profile, call);
  const own = await mkdtemp(join(tmpdir(), 'sagewai-exec-'));
  try {
    return await runIn(own, profile, call);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function runIn(cwd: string, profile: CommandProfile, call: CommandCall): Promise<CommandEnd> {
  const { container } = profile;
  const env = environmentOf(profile, call);
  // Of this start alone: a container that a killed worker has left has the name of another one.
  const name = `${call.name}-${randomUUID().slice(0, 8)}`;
  const [program = '', ...args] =
    container === null
      ? profile.command
      : inContainer(container, {
          ...profile,
          name,
          env: Object.keys(env),
          mounts: call.mounts ?? [],
        });
  const child: Child = spawn(program, args, {
    cwd,
    env: container === null ? env : { ...env, ...runtimeEnvironment(call.environment) },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const unstarted = new Promise<CommandEnd>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'unstarted', reason: `${program} cannot be started (${error.code})` }),
    );
  });
  // A command that does not read what it is given is not at fault.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(call.input ?? null));
  const remove = (): void => {
    if (container !== null) removeContainer(container.runtime, name, call.environment);
  };
  const end = await Promise.race([unstarted, endOf(child, profile, { ...call, remove })]);
  return container !== null && end.kind === 'exited' && end.code === RUNTIME_FAILED
    ? { kind: 'unstarted', reason: `${program} started no container: ${end.said.trim()}` }
    : end;
}

async function endOf(
  child: Child,
  { timeoutMs, outputBytesMax }: CommandProfile,
  {
    signal,
    remove,
    onOutput,
  }: Pick<CommandCall, 'signal' | 'onOutput'> & { readonly remove: () => void },
): Promise<CommandEnd> {
  let stoppedBy: Extract<CommandEnd, { kind: 'stopped' }>['by'] | null = null;
  let grace: NodeJS.Timeout | undefined;
  const stop = (by: NonNullable<typeof stoppedBy>): void => {
    if (stoppedBy !== null) return;
    stoppedBy = by;
    killGroup(child, 'SIGTERM');
    grace = setTimeout(() => {
      killGroup(child, 'SIGKILL');
      remove();
    }, GRACE_MS);
  };
  const late = setTimeout(() => stop('timeout'), timeoutMs);
  const leave = (): void => stop('signal');
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > outputBytesMax) {
      stop('output');
      return;
    }
    output.push(piece);
    onOutput?.(piece);
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARS_MAX);
  });
  let drain: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    // What it has left behind would hold its pipes open; what has left its group still does, and nobody waits for that.
    killGroup(child, 'SIGKILL');
    drain = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, GRACE_MS);
  });
  const code = await new Promise<number>((resolve) => {
    child.once('close', (status, killedBy) => resolve(killedBy === null ? (status ?? -1) : -1));
  });
  clearTimeout(late);
  clearTimeout(grace);
  clearTimeout(drain);
  signal.removeEventListener('abort', leave);
  if (stoppedBy !== null) return { kind: 'stopped', by: stoppedBy, said };
  return { kind: 'exited', code, output: Buffer.concat(output).toString(), said };
}

function environmentOf(
  { env, container }: CommandProfile,
  call: CommandCall,
): Record<string, string> {
  // Within a container programs are elsewhere.
  const names = container === null ? ['PATH', ...env] : env;
  const seen = names.flatMap((name) => {
    const value = call.environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(seen), ...call.told };
}

/** What the runtime itself needs: where its daemon is, and its settings. Nothing of it reaches the container. */
function runtimeEnvironment(environment: Environment): Record<string, string> {
  const names = ['PATH', 'HOME', 'DOCKER_HOST', 'XDG_RUNTIME_DIR'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * A container outlives the process that has started it. It is killed before it is removed: podman would first ask it to
 * end, and wait for ten seconds.
 */
function removeContainer(runtime: string, name: string, environment: Environment): void {
  const env = runtimeEnvironment(environment);
  const start = (...args: readonly string[]) => {
    const child = spawn(runtime, args, { stdio: 'ignore', env });
    child.on('error', () => undefined);
    child.unref();
    return child;
  };
  start('kill', '--signal', 'KILL', name).once('exit', () => start('rm', '--force', name));
}

function killGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended already.
  }
}
