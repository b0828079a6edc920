import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Providers } from './providers.ts';

const SAGEWAI = fileURLToPath(new URL('../../../apps/launcher/bin/sagewai.js', import.meta.url));
const CONFIG = fileURLToPath(new URL('../litellm-config.yaml', import.meta.url));
/** What the shell has for other servers and providers must not reach an example. */
const OF_THE_USER =
  /^(SAGEWAI|OPENAI|ANTHROPIC|OLLAMA|LITELLM|DATABASE|MIGRATION|REDIS|FLEET|WORKER|JWT|ENROLLMENT|WRT)(_|$)/;

export interface Stack {
  readonly url: string;
  readonly administrator: string;
  readonly organization: string;
  startWorker(worker: WorkerStart): void;
  /** Workers first, then the server and its database. */
  stop(): Promise<void>;
}

export interface WorkerStart {
  readonly name: string;
  readonly pool: string;
  readonly model: string;
  readonly enrollmentKey: string;
  /** Of the machine it stands for. */
  readonly ollamaUrl: string;
}

/** One server with its PostgreSQL, by the command that users have; workers are processes of their own. */
export async function startStack(
  home: string,
  providers: Providers,
  shell: NodeJS.ProcessEnv,
): Promise<Stack> {
  const children: ChildProcess[] = [];
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const up = start('up', ['up', '--workers', '0', '--json', '--port', '0', '--config', CONFIG], {
    SAGEWAI_HOME: join(home, 'server'),
    ACME_OPENAI_URL: providers.urls.openai,
    ACME_OPENAI_KEY: 'sk-of-acme-at-openai',
    ACME_ANTHROPIC_URL: providers.urls.anthropic,
    ACME_ANTHROPIC_KEY: 'sk-of-acme-at-anthropic',
  });

  function start(
    name: string,
    words: readonly string[],
    environment: Record<string, string>,
  ): ChildProcess {
    const inherited = Object.entries(shell).filter(([name]) => !OF_THE_USER.test(name));
    const log = openSync(logOf(home, name), 'a');
    const child = spawn(process.execPath, [SAGEWAI, ...words], {
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: ['ignore', 'pipe', log],
      // Ctrl-C reaches us alone, and we end the others in order.
      detached: true,
    });
    closeSync(log);
    children.push(child);
    return child;
  }

  const ready = await firstLine(up, logOf(home, 'up'));
  return {
    url: ready.url,
    administrator: ready.admin_token,
    organization: ready.organization,
    startWorker: (worker) => {
      start(worker.name, ['worker'], {
        SAGEWAI_HOME: join(home, worker.name),
        FLEET_GATEWAY_URL: ready.url,
        ENROLLMENT_KEY: worker.enrollmentKey,
        WORKER_NAME: worker.name,
        WORKER_POOL: worker.pool,
        WORKER_MODELS: worker.model,
        OLLAMA_HOST: worker.ollamaUrl,
      }).stdout?.resume();
    },
    stop: async () => {
      for (const child of children.toReversed()) await end(child);
    },
  };
}

interface Ready {
  readonly url: string;
  readonly admin_token: string;
  readonly organization: string;
}

const logOf = (home: string, name: string): string => join(home, `${name}.log`);

async function firstLine(child: ChildProcess, log: string): Promise<Ready> {
  if (child.stdout === null) throw new Error('a child without output');
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as Ready;
  throw new Error(`the server did not start:\n${readFileSync(log, 'utf8')}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => void child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
