import type { TestCluster } from '@sagewai/testing';

import { type Answer, ask, bearer } from './api.ts';
import { type Database, makeDatabase } from './database.ts';
import { litellmConfig, type ScriptedModel } from './model-config.ts';
import type { Environment } from './sagewai.ts';
import { createServer, makeSecrets, type Secrets, type Server } from './server.ts';
import type { Stage } from './stage.ts';
import { startUpstream, type Upstream } from './upstream/upstream.ts';

export interface InstallationOptions {
  readonly models: readonly ScriptedModel[];
  /** Replicas on one database. Default 1. */
  readonly servers?: number;
  readonly environment?: Environment;
  /** Default: one of its own on the PostgreSQL of the test run. */
  readonly database?: Database;
  readonly launcher?: string;
}

/** Servers on one database, and a scripted provider behind them: real processes, all ready. */
export interface Installation {
  readonly database: Database;
  readonly upstream: Upstream;
  readonly secrets: Secrets;
  /** At least one. */
  readonly servers: readonly [Server, ...Server[]];
  readonly server: Server;
}

export async function install(
  stage: Stage,
  cluster: TestCluster | null,
  options: InstallationOptions,
): Promise<Installation> {
  if (!options.database && !cluster) throw new Error('a database, or a cluster to make one in');
  const database = options.database ?? (await makeDatabase(stage, cluster as TestCluster));
  const upstream = await startUpstream(stage);
  const secrets = makeSecrets();
  const create = (number: number): Promise<Server> =>
    createServer(stage, {
      databaseUrl: database.url,
      secrets,
      config: litellmConfig(upstream.url, options.models),
      name: `server-${number}`,
      environment: { LOG_LEVEL: 'info', ...options.environment },
      ...(options.launcher === undefined ? {} : { launcher: options.launcher }),
    });
  const server = await create(1);
  await server.ready(); // It migrates; the others then find everything in place.
  const others = await Promise.all(
    Array.from({ length: (options.servers ?? 1) - 1 }, (_, index) => create(index + 2)),
  );
  await Promise.all(others.map((other) => other.ready()));
  return { database, upstream, secrets, servers: [server, ...others], server };
}

export interface VirtualKey {
  readonly id: string;
  readonly key: string;
}

export interface KeyLimits {
  readonly usdPerDay?: string;
  readonly cap?: boolean;
  readonly models?: readonly string[];
  readonly tokensPerMinute?: number;
  readonly requestsPerMinute?: number;
}

export async function makeKey(server: Server, limits: KeyLimits = {}): Promise<VirtualKey> {
  const { usdPerDay, cap, models, tokensPerMinute, requestsPerMinute } = limits;
  const budget = {
    ...(usdPerDay === undefined ? {} : { usd_per_day: usdPerDay }),
    ...(cap === undefined ? {} : { cap }),
  };
  const body = {
    name: `key ${performance.now()}`,
    budget,
    ...(models === undefined ? {} : { models }),
    ...(tokensPerMinute === undefined ? {} : { tokens_per_minute: tokensPerMinute }),
    ...(requestsPerMinute === undefined ? {} : { requests_per_minute: requestsPerMinute }),
  };
  return (await server.askWell('/api/v1/keys', { body })) as VirtualKey;
}

export interface Chat {
  readonly model: string;
  readonly content?: string;
  readonly max_tokens?: number;
  readonly stream?: boolean;
  readonly [further: string]: unknown;
}

/** A model call, as any client would make it. */
export function chat(
  url: string,
  key: string,
  { content = 'Say yes.', ...fields }: Chat,
  signal?: AbortSignal,
): Promise<Answer> {
  return ask(`${url}/v1/chat/completions`, {
    headers: bearer(key),
    body: { messages: [{ role: 'user', content }], ...fields },
    ...(signal === undefined ? {} : { signal }),
  });
}
