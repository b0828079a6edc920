import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { EmbeddedPostgres } from '@sagewai/embedded-postgres';
import { type RedisServer, startRedis } from '@sagewai/testing/redis-server';

import { type Answer, ask, type Request } from '../harness/api.ts';
import { startPostgres } from '../harness/database.ts';
import { install, type Installation } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import type { Stage } from '../harness/stage.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';
import { createJournal, type Journal } from './journal.ts';
import type { Random } from './random.ts';

/** A worker that says nothing for so long loses its runs. */
export const SILENCE_MS = 1_500;

/** Prices that no two mistakes turn into the same sum. */
export const INPUT_PRICE = 0.000_003;
export const OUTPUT_PRICE = 0.000_017;

/** Models of the scripted provider, each with a way of its own. */
export const MODELS = ['exact', 'full', 'half', 'dies', 'no-usage', 'slow'] as const;
export type ModelName = (typeof MODELS)[number];

const SHORT = {
  WORKER_SILENCE: `${SILENCE_MS}ms`,
  WORKER_HEARTBEAT_INTERVAL: '500ms',
  JOB_INTERVAL: '200ms',
  RESERVATION_TTL: '3s',
  LEDGER_SHARE_TTL: '1s',
  LEDGER_SHARE_CALLS: '2',
  LEDGER_JOURNAL_LOOK_INTERVAL: '300ms',
  DRAIN_TIMEOUT: '3s',
  DATABASE_POOL_MAX: '12',
  REGISTRATION_BURST: '10000',
  LOG_LEVEL: 'warn',
};

/** Where a history plays: servers on one PostgreSQL, a provider, and a journal. */
export interface Arena {
  readonly stage: Stage;
  readonly postgres: EmbeddedPostgres;
  readonly installation: Installation;
  readonly servers: Installation['servers'];
  /** Of settlements, of all servers; null: they have none. */
  readonly journalDirectory: string | null;
  /** Null: they have none. */
  readonly redis: RedisServer | null;
  readonly journal: Journal;
  readonly enrollmentKey: string;
  /** What may wait for an answer, as workers have begun it. */
  readonly waits: { readonly runId: string; readonly wait: number }[];
  /** One request to a server by chance; null when no answer arrived. `lose` gives it up on the way. */
  send(random: Random, path: string, request: Request & { readonly lose?: boolean }): Promise<Sent>;
}

export interface Sent {
  readonly answer: Answer | null;
  readonly sentMs: number;
  readonly answeredMs: number;
}

export async function openArena(
  stage: Stage,
  of: { readonly servers: number; readonly redis: boolean; readonly journal: boolean },
): Promise<Arena> {
  const postgres = await startPostgres(stage);
  const redis = of.redis ? await startRedis() : null;
  if (redis) stage.defer('Redis', () => redis.kill());
  const journalDirectory = of.journal ? join(stage.folder, 'journal') : null;
  const installation = await install(stage, null, {
    models: MODELS.map((name) => ({
      name,
      // What a call of this one reserves is what it costs: a budget ends where it says.
      inputPrice: name === 'exact' ? 0 : INPUT_PRICE,
      outputPrice: OUTPUT_PRICE,
    })),
    servers: of.servers,
    environment: {
      ...SHORT,
      ...(redis ? { REDIS_URL: redis.url } : {}),
      ...(journalDirectory === null ? {} : { LEDGER_JOURNAL_DIR: journalDirectory }),
    },
    database: { url: postgres.url, adminUrl: postgres.adminUrl },
  });
  const { upstream, server } = installation;
  await upstream.behave('half', { output: 'half' });
  await upstream.behave('dies', { fault: 'dies' });
  await upstream.behave('no-usage', { fault: 'no-usage' });
  await upstream.behave('slow', { latencyMs: 120, chunkMs: 20, output: 'half' });
  const journal = createJournal();
  // There is another, whose callers name it.
  const { organizations } = await server.askWell('/api/v1/organizations');
  const home = { 'x-organization': String(organizations[0].id) };
  return {
    stage,
    postgres,
    installation,
    servers: installation.servers,
    journalDirectory,
    redis,
    journal,
    enrollmentKey: await makeEnrollmentKey(server),
    waits: [],
    send: (random, path, request) =>
      send(journal, random, {
        server: random.pick(installation.servers),
        path,
        request: { ...request, headers: { ...home, ...request.headers } },
      }),
  };
}

const ANSWER_MS_MAX = 15_000;
const LOST_AFTER_MS_MAX = 25;

async function send(
  journal: Journal,
  random: Random,
  to: { server: Server; path: string; request: Request & { readonly lose?: boolean } },
): Promise<Sent> {
  const { lose = false, ...request } = to.request;
  const giveUpMs = lose ? random.between(0, LOST_AFTER_MS_MAX) : ANSWER_MS_MAX;
  const sentMs = journal.nowMs();
  let answer: Answer | null = null;
  try {
    const signal = AbortSignal.timeout(giveUpMs);
    answer = await ask(`${to.server.url}${to.path}`, { ...request, signal });
    if (answer.status >= 500) journal.count(`answered ${answer.status}`);
  } catch {
    journal.count(lose ? 'answers given up' : 'answers missing');
  }
  const answeredMs = journal.nowMs();
  // As every client would: a server that is away is not asked again at once.
  if (!lose && (answer === null || answer.status === 503)) await pause(random.between(10, 60));
  return { answer, sentMs, answeredMs };
}
