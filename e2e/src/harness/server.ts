import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ask, type Answer, askWell, bearer, type Request } from './api.ts';
import { freePort } from './free-port.ts';
import type { End, Running } from './process.ts';
import { redisFor } from './redis-of-servers.ts';
import { type Environment, startSagewai } from './sagewai.ts';
import type { Stage } from './stage.ts';
import { waitUntil } from './wait-until.ts';

const READY_MS_MAX = 45_000;

/** What replicas of one installation share. */
export interface Secrets {
  readonly administrator: string;
  readonly environment: Environment;
}

export function makeSecrets(): Secrets {
  const secret = (): string => randomBytes(32).toString('base64url');
  const administrator = `sat-${secret()}`;
  const environment = {
    SAGEWAI_ADMIN_TOKEN: administrator,
    JWT_SECRET: secret(),
    SAGEWAI_ENCRYPTION_KEY: secret(),
  };
  return { administrator, environment };
}

export interface ServerOptions {
  readonly databaseUrl: string;
  readonly secrets?: Secrets;
  /** The text of a `litellm-config.yaml`. */
  readonly config?: string;
  readonly environment?: Environment;
  readonly name?: string;
  /** The launcher of another tree. */
  readonly launcher?: string;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly administrator: string;
  /** The process of now; another one after `start`. */
  process(): Running;
  isReady(): Promise<boolean>;
  ready(): Promise<void>;
  kill(): Promise<End>;
  stop(): Promise<End>;
  /** Starts again after `kill` or `stop`, at the same address; does not wait until it is ready. */
  start(): void;
  /** By the administrator, unless the request brings its own credentials. */
  ask(path: string, request?: Request): Promise<Answer>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  askWell(path: string, request?: Request): Promise<any>;
}

/** Starts a server as users run it, by its own command; `ready` waits for it. */
export async function createServer(stage: Stage, options: ServerOptions): Promise<Server> {
  const secrets = options.secrets ?? makeSecrets();
  const port = await freePort();
  const name = options.name ?? `server-${port}`;
  const configFile = join(stage.folder, `${name}.yaml`);
  if (options.config !== undefined) await writeFile(configFile, options.config);
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    DATABASE_URL: options.databaseUrl,
    HOST: '127.0.0.1',
    PORT: String(port),
    SAGEWAI_HOME: join(stage.folder, 'server-home'),
    SAGEWAI_CONFIG: options.config === undefined ? undefined : configFile,
    ...redisFor(options.databaseUrl),
    ...secrets.environment,
    ...options.environment,
  };
  const launcher = options.launcher === undefined ? {} : { launcher: options.launcher };
  const start = (): Running => startSagewai(stage, ['server'], { name, environment, ...launcher });
  let running = start();

  async function isReady(): Promise<boolean> {
    try {
      return (await ask(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) })).status === 200;
    } catch {
      return false;
    }
  }
  const authorized = (request: Request): Request => ({
    ...request,
    headers: { ...bearer(secrets.administrator), ...request.headers },
  });
  return {
    url,
    port,
    administrator: secrets.administrator,
    process: () => running,
    isReady,
    ready: async () => {
      await waitUntil(
        () => {
          if (running.hasEnded()) throw new Error(`${name} has ended:\n${running.text()}`);
          return isReady();
        },
        { msMax: READY_MS_MAX, otherwise: () => `${name} is not ready:\n${running.text()}` },
      );
    },
    kill: () => running.kill(),
    stop: () => running.stop(),
    start: () => {
      if (!running.hasEnded()) throw new Error(`${name} runs already`);
      running = start();
    },
    ask: (path, request = {}) => ask(`${url}${path}`, authorized(request)),
    askWell: (path, request = {}) => askWell(`${url}${path}`, authorized(request)),
  };
}
