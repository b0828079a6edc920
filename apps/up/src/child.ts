import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { createTail, type Tail } from './tail.ts';

/** The `sagewai` command itself: every process of ours is started the way a user would start it. */
const COMMAND = fileURLToPath(new URL('../../launcher/bin/sagewai.js', import.meta.url));

export interface ChildOptions {
  readonly name: string;
  readonly words: readonly string[];
  /** Of Node's own. */
  readonly flags?: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** For each of its streams: what hears it. */
  readonly hear?: () => (bytes: Buffer) => void;
  /** It ended by itself, and is started again. */
  readonly onRestart: (how: string) => void;
  /** It ended by itself, and will not be started again. */
  readonly onGivenUp: (end: ChildEnd) => void;
}

export interface ChildEnd {
  readonly name: string;
  /** How it ended, what it said last, and where the rest is: for people. */
  readonly story: string;
}

export interface Child {
  readonly name: string;
  readonly logFile: string;
  /** Asks it to drain, waits, and ends it at last. */
  stop(graceMs: number): Promise<void>;
  /** Ends it at once, without waiting. */
  kill(): void;
}

const RESTARTS_MAX = 5;
const RESTART_WINDOW_MS = 60_000;
const RESTART_DELAY_MS = 500;
// What another start would not change: a wrong setting (2), a refused credential (4).
const LASTING_ENDS: readonly (number | null)[] = [2, 4];

/**
 * Keeps one process running. It has a session of its own, so that Ctrl-C in the terminal reaches only
 * us and we end things in order; and a channel to us, by whose end it notices when we are gone.
 */
export function startChild(options: ChildOptions): Child {
  const { name, logFile } = options;
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const starts: number[] = [];
  let stopping = false;
  let current: ChildProcess | null = null;
  let retry: NodeJS.Timeout | undefined;

  const start = (): void => {
    starts.push(performance.now());
    const said = createTail();
    const child = spawn(process.execPath, [...(options.flags ?? []), COMMAND, ...options.words], {
      env: options.environment as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    current = child;
    for (const stream of [child.stdout, child.stderr]) {
      keep(stream, log, said);
      if (options.hear) stream?.on('data', options.hear());
    }
    child.on('error', (error) => said.add(`cannot start: ${error.message}\n`));
    // `close` comes when its output has been read, also after an `error`.
    child.on('close', (code, signal) => {
      current = null;
      if (stopping) return;
      const how = signal ?? `exit code ${code}`;
      log.write(`ended by itself (${how})\n`);
      const recent = starts.filter((at) => performance.now() - at < RESTART_WINDOW_MS);
      if (LASTING_ENDS.includes(code) || recent.length > RESTARTS_MAX) {
        const times = recent.length > 1 ? `, ${recent.length} times within a minute` : '';
        const story = `${name} ended (${how}${times}). Its last words:\n\n${said.text()}\n\nThe rest is in ${logFile}`;
        options.onGivenUp({ name, story });
      } else {
        options.onRestart(how);
        retry = setTimeout(start, RESTART_DELAY_MS * 2 ** (recent.length - 1));
      }
    });
  };
  start();

  return {
    name,
    logFile,
    stop: async (graceMs) => {
      stopping = true;
      clearTimeout(retry);
      if (current) await endOf(current, graceMs);
      log.end();
    },
    kill: () => {
      stopping = true;
      clearTimeout(retry);
      current?.kill('SIGKILL');
    },
  };
}

function keep(stream: Readable | null, log: NodeJS.WritableStream, said: Tail): void {
  stream?.pipe(log, { end: false });
  stream?.on('data', (bytes: Buffer) => said.add(bytes.toString()));
}

async function endOf(child: ChildProcess, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(force);
}
