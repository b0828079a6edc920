import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Clock } from '@sagewai/clock';
import type { PublicEgress } from '@sagewai/egress';
import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { EngineLimits } from './decide-engine.ts';
import { engineRoutes } from './engine-routes.ts';
import type { Engine } from './engine.ts';
import { endEngine, listEngineRows } from './engines.sql.ts';
import { engineJobs, servingJobs, WATCH_OWN } from './jobs.ts';
import { createProcesses, type Processes } from './processes.ts';
import type { MadeFile } from './put-files.ts';
import { type Command, readCommand } from './read-commands.ts';
import { askGpus, type Gpu } from './read-gpus.ts';

export interface EngineSettings extends EngineLimits {
  /** Command lines, `name=/program arguments`; none: nothing is started. */
  readonly commands: readonly string[];
  /** By which other servers reach the engines of this one. */
  readonly host: string;
  /** Where files of fine-tunes are put. */
  readonly filesFolder: string;
  readonly lookEveryMs: number;
  readonly serveEveryMs: number;
  readonly graceMs: number;
}

export const ENGINE_DEFAULTS: EngineSettings = {
  commands: [],
  host: '127.0.0.1',
  filesFolder: join(tmpdir(), 'sagewai-engines'),
  lookEveryMs: 10_000,
  serveEveryMs: 2_000,
  graceMs: 5_000,
  failuresMax: 3,
  restartsMax: 3,
  startMs: 600_000,
  drainMs: 30_000,
};

export interface EnginesOptions {
  /** As `sagewai_request`. */
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  /** Knows which hosts engines may be at. */
  readonly egress: PublicEgress;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** N1. Told whenever there are others. */
  readonly serve: (ready: readonly Engine[]) => void;
  readonly nudge: (job: string) => void;
  readonly gpus?: () => Promise<Gpu[]>;
  /** What a run has made; none: nothing, or there is no such run. */
  readonly filesOf?: (of: { organization: string; runId: string }) => Promise<readonly MadeFile[]>;
  readonly settings?: Partial<EngineSettings>;
}

export interface EngineParts extends Pick<
  EnginesOptions,
  'db' | 'clock' | 'log' | 'egress' | 'serve'
> {
  readonly settings: EngineSettings;
  readonly commands: ReadonlyMap<string, Command>;
  readonly processes: Processes;
  readonly gpus: () => Promise<Gpu[]>;
  readonly filesOf: NonNullable<EnginesOptions['filesOf']>;
  /** This process, from its start. */
  readonly replica: string;
  readonly nudge: (job: string) => void;
}

export interface Engines {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  /** N1. Run by every process that calls models, whichever planes it serves. */
  readonly serving: readonly Job[];
  /** Ends the processes that this server has started. */
  close(): Promise<void>;
}

export function createEngines({ settings: given, ...options }: EnginesOptions): Engines {
  const { environment, log, db, nudge } = options;
  const settings = { ...ENGINE_DEFAULTS, ...given };
  const replica = randomUUID();
  const processes = createProcesses({
    environment,
    log,
    graceMs: settings.graceMs,
    ended: () => nudge(WATCH_OWN),
  });
  const commands = settings.commands.flatMap((line) => readCommand(line) ?? []);
  const parts: EngineParts = {
    ...options,
    gpus: options.gpus ?? askGpus,
    filesOf: options.filesOf ?? (async () => []),
    settings,
    processes,
    replica,
    commands: new Map(commands.map((command) => [command.name, command])),
  };
  return {
    routes: engineRoutes(parts),
    jobs: engineJobs(parts),
    serving: servingJobs(parts),
    close: async () => {
      await processes.stopAll();
      const own = (await listEngineRows(db).catch(() => [])).filter(
        (engine) => engine.replica === replica,
      );
      for (const { id } of own) await endEngine(db, id, 'STOPPED').catch(() => null);
    },
  };
}
