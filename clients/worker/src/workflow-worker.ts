import { ConfigError, readConfig } from '@sagewai/config';
import type { WorkerCredentials } from '@sagewai/sdk';
import {
  defineWorkflow,
  type InputSchema,
  type Workflow,
  type WorkflowDefinition,
} from '@sagewai/sdk/workflow';

import { WORKER_FIELDS, type WorkerConfig } from './config.ts';
import { checkCredentials } from './credentials/read-credentials.ts';
import { readEnvironment } from './environment.ts';
import { processLog, redactedLog, type WorkerLog } from './log.ts';
import { resolveOptions } from './resolve-options.ts';
import { startWorker } from './start-worker.ts';
import { stopOnSignals } from './stop-on-signals.ts';
import type { WorkerEnd } from './worker-options.ts';

/** What is left out is what the environment says, by the names of `sagewai worker`, or its default. */
export interface WorkflowWorkerOptions {
  /** Name or id of the project whose runs alone it takes; every project of its organization unless said. */
  readonly projectId?: string;
  readonly pool?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly models?: readonly string[];
  /** The server that it belongs to. */
  readonly gatewayUrl?: string;
  /** `sk-fleet-…`, or a worker token `wrt-1.…`. */
  readonly enrollmentKey?: string;
  /** Of models; they stay here, and every agent that runs here calls with them. */
  readonly credentials?: WorkerCredentials;
  /** How it shows in lists, and which credential of its home it takes. */
  readonly name?: string;
  /** Of its code. */
  readonly version?: string;
  /** Runs at the same time. */
  readonly maxConcurrent?: number;
  /** Where its own credential is kept. */
  readonly home?: string;
  /** Lines on stderr unless given. */
  readonly log?: WorkerLog;
  /** Whether SIGINT and SIGTERM drain it; they do unless said. */
  readonly handlesSignals?: boolean;
}

/** What a person must mend before it can work. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
  readonly why: Extract<WorkerEnd, { kind: 'fatal' }>['why'];

  constructor(why: WorkerFailed['why'], reason: string) {
    super(reason);
    this.why = why;
  }
}

/** A worker in a program of its own: does the workflows that it is given, beside the built-in one. */
export class WorkflowWorker {
  readonly #options: WorkflowWorkerOptions;
  readonly #workflows = new Map<string, WorkflowDefinition>();
  readonly #stop = new AbortController();
  #isStarted = false;

  constructor(options: WorkflowWorkerOptions = {}) {
    this.#options = options;
  }

  /** Runs that ask for this name are done by `run`. */
  workflow<Input, Output>(
    name: string,
    schema: InputSchema<Input>,
    run: Workflow<Input, Output>,
  ): this {
    if (this.#isStarted) throw new Error('the worker has started: its workflows are known');
    if (this.#workflows.has(name)) throw new TypeError(`two workflows are called ${name}`);
    this.#workflows.set(name, defineWorkflow(name, schema, run));
    return this;
  }

  /**
   * Works until it is stopped. Answers how many runs the server could not be told the end of, which start again;
   * throws a `ConfigError` or a `WorkerFailed` that says what a person must do.
   */
  async start(): Promise<{ readonly unsent: number }> {
    if (this.#isStarted) throw new Error('a worker is started once');
    this.#isStarted = true;
    const { handlesSignals = true, credentials } = this.#options;
    const environment = readEnvironment();
    const config = configOf(this.#options, environment);
    const plain = this.#options.log ?? processLog(config.workerName);
    const options = await resolveOptions(config, {
      environment,
      log: plain,
      workflows: this.#workflows,
      ...(credentials === undefined ? {} : { credentials: demandCredentials(credentials) }),
    });
    const log = redactedLog(plain, options.credentials.redact);
    const signals = handlesSignals ? stopOnSignals((text) => log.note(text)) : null;
    const stop = signals ? AbortSignal.any([signals.signal, this.#stop.signal]) : this.#stop.signal;
    try {
      const end = await startWorker(options, log, stop);
      if (end.kind === 'fatal') throw new WorkerFailed(end.why, end.reason);
      return { unsent: end.unsent };
    } finally {
      signals?.release();
    }
  }

  /** Takes nothing more; `start` answers when what runs has ended, or has been handed back. */
  stop(): void {
    this.#stop.abort(new Error('told to stop'));
  }
}

/** Said in the program wins over the environment, as a flag does. */
function configOf(
  options: WorkflowWorkerOptions,
  environment: Readonly<Record<string, string | undefined>>,
): WorkerConfig {
  const { gatewayUrl, enrollmentKey, projectId, pool, name, version, home, maxConcurrent } =
    options;
  const said = {
    gateway: gatewayUrl,
    'enrollment-key': enrollmentKey,
    project: projectId,
    pool,
    name,
    'version-label': version,
    home,
    'max-concurrent': maxConcurrent === undefined ? undefined : String(maxConcurrent),
  };
  const flags = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const config = readConfig(WORKER_FIELDS, { flags, environment });
  const { labels = config.workerLabels, models = config.workerModels } = options;
  return { ...config, workerLabels: labels, workerModels: models };
}

function demandCredentials(given: WorkerCredentials): WorkerCredentials {
  const checked = checkCredentials(given);
  if (checked.kind === 'wrong') throw new ConfigError([`credentials: ${checked.why}`]);
  return checked.credentials;
}
