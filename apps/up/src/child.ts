import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The `sagewai` command itself: every process of ours is started the way a user would start it. */
const COMMAND = fileURLToPath(new URL('../../launcher/bin/sagewai.js', import.meta.url));

export interface ChildOptions {
  readonly name: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** It ended by itself, and will not be started again. */
  readonly onGivenUp: (name: string) => void;
}

export interface Child {
  readonly name: string;
  readonly logFile: string;
  /** Asks it to drain, waits, and ends it at last. */
  stop(graceMs: number): Promise<void>;
}

const RESTARTS_MAX = 5;
const RESTART_WINDOW_MS = 60_000;
const RESTART_DELAY_MS = 500;

/**
 * Keeps one process running. It has a session of its own, so that Ctrl-C in the terminal reaches only
 * us and we end things in order; and a channel to us, by whose end it notices when we are gone.
 */
export function startChild(options: ChildOptions): Child {
  const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  const starts: number[] = [];
  let stopping = false;
  let current: ChildProcess | null = null;
  let retry: NodeJS.Timeout | undefined;

  const start = (): void => {
    starts.push(performance.now());
    const child = spawn(process.execPath, [COMMAND, ...options.words], {
      env: options.environment as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    current = child;
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.on('error', (error) => log.write(`cannot start: ${error.message}\n`));
    child.on('exit', (code, signal) => {
      current = null;
      if (stopping) return;
      log.write(`ended by itself (${signal ?? code})\n`);
      const recent = starts.filter((at) => performance.now() - at < RESTART_WINDOW_MS);
      // A wrong setting stays wrong: exit code 2 is not tried again.
      if (code === 2 || recent.length > RESTARTS_MAX) options.onGivenUp(options.name);
      else retry = setTimeout(start, RESTART_DELAY_MS * 2 ** (recent.length - 1));
    });
  };
  start();

  return {
    name: options.name,
    logFile: options.logFile,
    stop: async (graceMs) => {
      stopping = true;
      clearTimeout(retry);
      const child = current;
      if (child) await endOf(child, graceMs);
      log.end();
    },
  };
}

async function endOf(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(force);
}
