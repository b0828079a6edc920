import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type EmbeddedPostgres, type Log, startEmbeddedPostgres } from '@sagewai/embedded-postgres';

import { type Child, type ChildEnd, startChild } from './child.ts';
import { environmentForWorkers, modelsForWorkers } from './for-workers.ts';
import { hearNotices } from './hear-notices.ts';
import { type Prepared, prepare } from './prepare.ts';
import { createServerApi, type ServerApi } from './server-api.ts';

export interface StackOptions {
  readonly home: string;
  readonly port: number;
  readonly adminToken: string;
  readonly configFile: string | null;
  readonly ollamaHost: string | null;
  readonly workers: number;
  readonly sampleModel: string;
  /** Node's, for the server. */
  readonly serverFlags: readonly string[];
  readonly startTimeoutMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What nothing works without has ended, and starting it again does not help. */
  readonly onBroken: (end: ChildEnd) => void;
  /** Something of the models file is not done, as a sentence for people. */
  readonly onNotice: (text: string) => void;
  readonly onRestart: (name: string, how: string) => void;
  readonly onWorkerLost: (end: ChildEnd) => void;
}

export interface Stack {
  readonly api: ServerApi;
  readonly prepared: Prepared;
  readonly models: readonly string[];
  /** Ends everything in order, and waits for it. */
  stop(): Promise<void>;
  /** Ends everything at once; what was under way is recovered at the next start. */
  abandon(): void;
}

const GRACE_MS = 40_000;
/** Starts PostgreSQL, the server and the workers, in this order; `stop` ends them in the other. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (let each = started.pop(); each; each = started.pop()) await each.stop();
  };
  try {
    await mkdir(join(options.home, 'logs'), { recursive: true, mode: 0o700 });
    const database = await startDatabase(options);
    started.push(database);
    const server = startServer(options, database);
    started.push({ stop: () => server.stop(GRACE_MS) });
    const chosen: { organization?: string } = {};
    const api = createServerApi({
      url: `http://localhost:${options.port}`,
      adminToken: options.adminToken,
      organization: () => chosen.organization,
      signal: options.signal,
    });
    await waitUntilReady(api, options, server);
    const prepared = await prepare(api, options.home, options.adminToken, (organization) => {
      chosen.organization = organization;
    });
    // As an administrator: the key may have been given fewer models since, and workers need none of it.
    const listed = await api.get<{ data: readonly { id: string }[] }>('/v1/models');
    const models = listed.data.map(({ id }) => id);
    const { configFile } = options;
    const modelsFile = configFile === null ? '' : await readFile(configFile, 'utf8');
    const environment = {
      ...environmentForWorkers(options.environment, modelsFile),
      FLEET_GATEWAY_URL: api.url,
      ENROLLMENT_KEY: prepared.enrollmentKey,
      WORKER_MODELS: modelsForWorkers(models, options.sampleModel).join(','),
    };
    const workers = Array.from({ length: options.workers }, (_, index) =>
      startWorker(options, environment, index + 1),
    );
    started.push({
      stop: async () => void (await Promise.all(workers.map((worker) => worker.stop(GRACE_MS)))),
    });
    const abandon = (): void => {
      for (const child of [...workers, server]) child.kill();
      // Fast shutdown: it ends its own processes, and needs nobody to wait for it.
      process.kill(database.pid, 'SIGINT');
    };
    return { api, prepared, models, stop, abandon };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function startDatabase({ home, log, signal, onBroken }: StackOptions): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    home,
    log,
    signal,
    onLost: ({ message, remedy }) =>
      onBroken({ name: 'PostgreSQL', story: `${message}\n  ${remedy}` }),
  });
}

function startServer(options: StackOptions, database: EmbeddedPostgres): Child {
  const { home, port, adminToken, configFile, ollamaHost, environment } = options;
  const logFile = join(home, 'logs', 'server.log');
  return startChild({
    name: 'server',
    words: ['server'],
    flags: options.serverFlags,
    logFile,
    environment: {
      ...environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      SAGEWAI_HOME: home,
      // On the disk of the database: what one of them keeps the other does.
      LEDGER_JOURNAL_DIR: environment['LEDGER_JOURNAL_DIR'] ?? join(home, 'journal'),
      SAGEWAI_ADMIN_TOKEN: adminToken,
      DATABASE_URL: database.url,
      MIGRATION_DATABASE_URL: undefined,
      OLLAMA_HOST: ollamaHost ?? undefined,
      SAGEWAI_CONFIG: configFile ?? undefined,
    },
    hear: () => hearNotices(options.onNotice),
    onRestart: (how) => options.onRestart('server', how),
    onGivenUp: options.onBroken,
  });
}

function startWorker(
  options: StackOptions,
  environment: Readonly<Record<string, string | undefined>>,
  number: number,
): Child {
  const name = `local-${number}`;
  return startChild({
    name,
    words: ['worker'],
    logFile: join(options.home, 'logs', `worker-${number}.log`),
    environment: {
      ...environment,
      SAGEWAI_HOME: options.home,
      WORKER_NAME: name,
      WORKER_POOL: 'default',
    },
    onRestart: (how) => options.onRestart(name, how),
    onGivenUp: options.onWorkerLost,
  });
}

async function waitUntilReady(api: ServerApi, options: StackOptions, server: Child): Promise<void> {
  const limit = performance.now() + options.startTimeoutMs;
  while (!(await api.isReady())) {
    options.signal.throwIfAborted();
    if (performance.now() > limit) {
      throw new Error(`the server did not get ready; its log is ${server.logFile}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
