import { createSecretKey } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

import { systemClock as clock } from '@sagewai/clock';
import { Secret } from '@sagewai/config';
import { hashToken, mintToken, newId, sealingKey } from '@sagewai/crypto';
import { createEgress } from '@sagewai/egress';
import { type App, createApp, createAuthenticator } from '@sagewai/http';
import { createTokenReader, registerCredential } from '@sagewai/identity';
import {
  createLedger,
  createSoftBudgets,
  setBudgets,
  type SoftSettings,
  UNLIMITED,
  type Limits,
} from '@sagewai/ledger';
import { type Log, silentLog } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { createMetrics, type Span } from '@sagewai/telemetry';
import { createAuditor } from '@sagewai/trust';
import type { KeyId, OrganizationId, ProjectId } from '@sagewai/wire';

import type { SharedAnswersOptions } from './cache/shared-answers.ts';
import { type GatewayConfig, upstreamUrls } from './gateway-config.ts';
import { createGateway } from './gateway.ts';
import { insertKey } from './keys/keys.sql.ts';
import type { RunLeases } from './keys/run-reader.ts';
import { FAST_MEDIA, KEPT } from './media/media-fixture.ts';
import type { Deployment } from './models/deployment.ts';
import { flatPrice, ratesOf } from './money/price.ts';
import { DEFAULT_ROUTING, type Routing } from './routing/routing.ts';
import type { ModelSource } from './sources/model-source.ts';

/** A provider on a real socket that does what the test says, and remembers what it was asked. */
export interface FakeUpstream {
  readonly url: string;
  readonly asked: {
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
  }[];
  answer: (request: IncomingMessage, reply: ServerResponse, body: Buffer) => void;
  close(): Promise<void>;
}

export async function startFakeUpstream(): Promise<FakeUpstream> {
  const server = createServer((request, reply) => {
    void (async () => {
      const body = await buffer(request);
      fake.asked.push({ url: request.url ?? '', headers: request.headers, body });
      fake.answer(request, reply, body);
    })().catch(() => reply.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const fake: FakeUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    answer: (_request, reply) => void reply.destroy(),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return fake;
}

export const PRICE = flatPrice(ratesOf({ input: 1_000n, cachedInput: 100n, output: 10_000n }));
export const UPSTREAM_KEY = 'sk-provider-secret';

export function deploymentAt(url: string, of: Partial<Deployment> = {}): Deployment {
  return {
    id: 'fake',
    model: 'm',
    upstreamModel: 'm-upstream',
    endpoint: { provider: 'compatible', baseUrl: url, credential: new Secret(UPSTREAM_KEY) },
    price: PRICE,
    outputTokensMax: 1_000,
    contextTokensMax: 100_000,
    ...of,
  };
}

export interface RunningGateway {
  readonly url: string;
  readonly app: App;
  readonly metrics: () => Promise<string>;
  readonly runJob: (name: string) => Promise<void>;
  /** POSTs a chat completion. */
  chat(key: string, body: object | string | Buffer, signal?: AbortSignal): Promise<Response>;
  post(path: string, body: object | string, headers: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** As by default, but nobody waits for long. */
export const FAST_ROUTING: Routing = {
  ...DEFAULT_ROUTING,
  retry: { ...DEFAULT_ROUTING.retry, backoffMs: 1, waitMsMax: 100 },
};

const NO_LEASES: RunLeases = { areAlive: async (pairs) => pairs.map(() => false) };
const SEALING = sealingKey(createSecretKey(Buffer.alloc(32, 9)), 'gateway-model');
const RESPONSE_KEY = sealingKey(createSecretKey(Buffer.alloc(32, 9)), 'gateway-response');
export const RUN_TOKEN_KEY = createSecretKey(Buffer.alloc(32, 7));

/** The whole server as far as model calls go, on a real socket. */
export async function startGateway(
  db: Db,
  of: Partial<GatewayConfig> & {
    readonly runLeases?: RunLeases;
    readonly log?: Log;
    readonly record?: (span: Span) => void;
    readonly modelSources?: readonly ModelSource[];
    /** Soft budgets are kept, so. */
    readonly soft?: Partial<SoftSettings>;
    readonly sharedAnswers?: SharedAnswersOptions;
    /** How it keeps its accounts; by default each call asks the database. */
    readonly ledger?: Partial<Parameters<typeof createLedger>[0]>;
  },
): Promise<RunningGateway> {
  const { runLeases = NO_LEASES, log = silentLog, ...rest } = of;
  const { record, modelSources, soft, sharedAnswers, ledger: ofLedger, ...changes } = rest;
  const config: GatewayConfig = {
    deployments: [],
    sources: [],
    simulated: { firstTokenMs: 0, perTokenMs: 0 },
    unknownPrice: 'refuse',
    timeouts: { connectMs: 1_000, firstByteMs: 1_000, idleMs: 1_000, clientStallMs: 1_000 },
    streamBeatMs: 5,
    reservationTtlMs: 60_000,
    routing: FAST_ROUTING,
    masterKey: null,
    healthCheckMs: null,
    routingDecisions: 'choices',
    providerAddresses: 'local',
    tokenCountsPerMinute: 600,
    reasoningAffinityMax: 1_000,
    refreshMs: 60_000,
    storedModelsMs: 60_000,
    answerBytesMax: 64 * 1024,
    guardrails: [],
    keyRotation: { lookMs: 60_000, overlapMs: 60_000 },
    media: FAST_MEDIA,
    ...KEPT,
    ...changes,
  };
  const metrics = createMetrics();
  const egress = createEgress({
    allowed: upstreamUrls(config),
    connectTimeoutMs: config.timeouts.connectMs,
    headersTimeoutMs: config.timeouts.firstByteMs,
    bodyTimeoutMs: config.timeouts.idleMs,
  });
  const ledger = createLedger({ db, log, metrics, clock, ...ofLedger });
  const tokens = createTokenReader({ db, clock, metrics, sendsMail: false });
  const budgets =
    soft &&
    createSoftBudgets({
      db,
      dispatch: db,
      ledger,
      clock,
      log,
      metrics,
      settings: soft,
      nudge: () => undefined,
      watchEveryMs: 60_000,
      sendsMail: false,
    });
  const parts = {
    db,
    ledger,
    egress,
    log,
    clock,
    config,
    runLeases,
    runTokenKey: RUN_TOKEN_KEY,
    sealing: [SEALING] as const,
    responseKeys: [RESPONSE_KEY] as const,
    metrics,
    record,
    modelSources,
    sharedAnswers,
    judgeSpend: budgets?.judge,
  };
  const gateway = createGateway(parts);
  const app = createApp({
    routes: [...gateway.routes, ...(budgets?.routes ?? [])],
    authenticate: createAuthenticator([...gateway.credentialReaders, tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log,
    metrics,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    app,
    metrics: () => metrics.render(),
    runJob: async (name) => {
      const found = gateway.jobs.find((each) => each.name === name);
      if (found === undefined) throw new Error(`no job ${name}`);
      await found.run(AbortSignal.timeout(10_000));
    },
    chat: (key, body, signal) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...(signal ? { signal } : {}),
      }),
    post: (path, body, headers) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: async () => {
      gateway.close();
      await app.close();
      await ledger.close();
      await egress.destroy();
    },
  };
}

/** A virtual key as the routes make one. */
export async function makeKey(
  db: Db,
  tenant: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  of: {
    readonly models?: readonly string[];
    readonly mayCap?: boolean;
    readonly limits?: Partial<Limits>;
    readonly expiresInSeconds?: number;
    readonly metadata?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<{ readonly id: KeyId; readonly value: string }> {
  const id = newId<KeyId>();
  const value = mintToken('sk-');
  const { orgId, projectId } = tenant;
  await inTenant(db, [orgId], async (tx) => {
    await insertKey(tx, {
      id,
      orgId,
      projectId,
      name: 'test',
      hint: 'sk-…',
      models: of.models ?? [],
      mayCap: of.mayCap ?? true,
      createdBy: 'test',
      expiresInSeconds: of.expiresInSeconds ?? null,
      ...(of.metadata ? { metadata: of.metadata } : {}),
    });
    await registerCredential(tx, { hash: hashToken(value), kind: 'key', id, orgId });
    if (of.limits) await setBudgets(tx, { orgId, kind: 'key', id }, { ...UNLIMITED, ...of.limits });
  });
  return { id, value };
}
