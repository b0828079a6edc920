import { createSecretKey, hash, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Clock, systemClock } from '@sagewai/clock';
import { generateSigningKey, publicJwk, signBytes } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import {
  type App,
  type Caller,
  createApp,
  createAuthenticator,
  type CredentialReader,
  type Scope,
} from '@sagewai/http';
import { readRunToken } from '@sagewai/identity';
import { createLedger, type Ledger, type PriceCeiling } from '@sagewai/ledger';
import { silentLog } from '@sagewai/log';
import { FileStore, type ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import { type Accelerator, openRedis } from '@sagewai/redis';
import { createMetrics, type Metrics } from '@sagewai/telemetry';
import { createAuditor } from '@sagewai/trust';
import type { OrganizationId, ProjectId } from '@sagewai/wire';
import { inject } from 'vitest';

import { createFleet, type Fleet } from './fleet.ts';
import type { ChooseTier } from './matching/resolve-auto.ts';
import type { FleetSettings } from './settings.ts';

/** Whose access tokens the fixture knows: `Bearer read`, `write` or `admin`. */
export interface FixtureTenant {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

export interface FixtureOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly tenant: FixtureTenant;
  readonly listenUrl?: string;
  readonly redis?: Accelerator;
  readonly clock?: Clock;
  readonly settings?: Partial<FleetSettings>;
  readonly priceOf?: (model: string) => PriceCeiling | null;
  readonly chooseTier?: ChooseTier;
  readonly objects?: ObjectStore;
  /** The same on all replicas of one test. */
  readonly key?: KeyObject;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FixtureLease {
  readonly run_id: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly run_token: string;
}

/** One replica: the fleet behind the real pipeline, without a socket. */
export class FleetFixture {
  readonly fleet: Fleet;
  readonly app: App;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  /** Addresses of this machine may be called by name. */
  readonly #egress = createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 5_000 });
  readonly #folder = join(tmpdir(), `sagewai-objects-${randomUUID()}`);

  /** Beside all tests of a run, where there is to be one: see `RedisMode`. */
  readonly #redis: Accelerator | null;

  constructor(options: FixtureOptions) {
    const { db, dispatch, tenant, clock = systemClock } = options;
    const key = options.key ?? createSecretKey(randomBytes(32));
    this.metrics = createMetrics();
    this.ledger = createLedger({ db, log: silentLog, metrics: this.metrics });
    const redisUrl = inject('redisUrl');
    const prefix = `${tenant.orgId}:`;
    this.#redis =
      redisUrl === null || options.redis !== undefined
        ? null
        : openRedis({ url: redisUrl, prefix, log: silentLog, metrics: this.metrics });
    this.fleet = createFleet({
      db,
      dispatch,
      listenUrl: options.listenUrl ?? null,
      redis: options.redis ?? this.#redis,
      ledger: this.ledger,
      priceOf: options.priceOf ?? (() => null),
      chooseTier: options.chooseTier ?? (async () => null),
      clock,
      log: silentLog,
      metrics: this.metrics,
      workerTokenKey: key,
      runTokenKey: key,
      sealingKeys: [key],
      lastingKeys: { contentReference: key, requestHash: key },
      objects: options.objects ?? new FileStore(this.#folder),
      egress: this.#egress,
      settings: {
        pollTimeoutDefaultMs: 0,
        workerTrustMs: 0,
        heartbeatPaceMs: 0,
        repeatLookEveryMs: 0,
        registrationBurst: 1_000,
        ...options.settings,
      },
    });
    this.app = createApp({
      routes: this.fleet.routes,
      authenticate: createAuthenticator([
        ...this.fleet.credentialReaders,
        runTokensOf(key, clock),
        tokensOf(tenant),
      ]),
      auditor: createAuditor({ db }),
      db,
      clock,
      log: silentLog,
      metrics: this.metrics,
    });
  }

  async call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    options: { readonly as?: string | Record<string, string>; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const { as, body } = options;
    const bearer = typeof as === 'string' ? { authorization: `Bearer ${as}` } : as;
    const answer = await this.app.inject({
      method,
      url,
      headers: { ...bearer, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return {
      status: answer.statusCode,
      body: answer.payload === '' ? {} : (JSON.parse(answer.payload) as Answer['body']),
    };
  }

  /** An approved worker with its token. */
  async worker(declared: Record<string, unknown> = {}): Promise<FixtureWorker> {
    const { body: key } = await this.call('POST', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
      body: { name: 'fixture' },
    });
    const { status, body } = await this.call('POST', '/api/v1/fleet/register', {
      as: { 'x-enrollment-key': String(key['key']) },
      body: declared,
    });
    if (status !== 201) throw new Error(`registration answered ${status} ${JSON.stringify(body)}`);
    return workerOf(body);
  }

  async submit(task: Record<string, unknown> = {}, as = 'write'): Promise<string> {
    const { status, body } = await this.call('POST', '/api/v1/fleet/tasks', {
      as,
      body: { payload: {}, ...task },
    });
    if (status !== 201) throw new Error(`submission answered ${status} ${JSON.stringify(body)}`);
    return String(body['run_id']);
  }

  async claim(worker: FixtureWorker, body: Record<string, unknown> = {}): Promise<FixtureLease[]> {
    const answer = await this.call('POST', '/api/v1/fleet/claim', {
      as: worker.token,
      body: { slots: 10, poll_timeout: 0, ...body },
    });
    if (answer.status !== 200) throw new Error(`claim answered ${answer.status}`);
    return answer.body['leases'] as FixtureLease[];
  }

  report(worker: FixtureWorker, body: Record<string, unknown>): Promise<Answer> {
    return this.call('POST', '/api/v1/fleet/report', { as: worker.token, body });
  }

  async state(runId: string): Promise<string> {
    const { body } = await this.call('GET', `/api/v1/runs/${runId}`, { as: 'read' });
    return String(body['state']);
  }

  /** One round of a job, as its leader would do it. */
  async run(job: string): Promise<void> {
    const found = this.fleet.jobs.find(({ name }) => name === job);
    if (found === undefined) throw new Error(`there is no job ${job}`);
    await found.run(new AbortController().signal);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.fleet.close();
    await this.ledger.close();
    await this.#redis?.close();
    await this.#egress.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A key pair of a worker, and the proofs that it signs. */
export class FixtureKey {
  readonly #pair = generateSigningKey();
  readonly jwk = publicJwk(this.#pair.publicKey);

  /** The header for one request. `claims` replaces what it would say. */
  proof(
    url: string,
    credential: string,
    claims: Record<string, unknown> = {},
  ): Record<string, string> {
    const encode = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = {
      htm: 'POST',
      htu: url,
      ath: hash('sha256', credential, 'base64url'),
      iat: Math.floor(Date.now() / 1_000),
      jti: randomUUID(),
      gen: 0,
      ...claims,
    };
    const signed = `${encode({ alg: 'EdDSA', typ: 'worker-proof+jwt' })}.${encode(body)}`;
    const signature = signBytes(this.#pair.privateKey, Buffer.from(signed)).toString('base64url');
    return { 'x-worker-proof': `${signed}.${signature}` };
  }
}

export interface FixtureWorker {
  readonly id: string;
  readonly token: string;
  readonly secret: string;
}

export function workerOf(registered: Answer['body']): FixtureWorker {
  const { worker_id: id, token, worker_secret: secret } = registered;
  return { id: String(id), token: String(token), secret: String(secret) };
}

/** Whether the lease lives is asked where it matters. */
function runTokensOf(key: KeyObject, clock: Clock): CredentialReader {
  return {
    read: ({ headers }): Caller | null => {
      const token = /^Bearer (rt-1\..+)$/.exec(headers.authorization ?? '')?.[1];
      const read = token === undefined ? null : readRunToken(key, token, clock.now());
      if (read?.kind !== 'valid') return null;
      const { runId: id, epoch, orgId, projectId } = read.claims;
      const scopes = new Set<Scope>();
      return { kind: 'run', id, name: `run ${id}`, orgId, projectId, scopes, detail: { epoch } };
    },
  };
}

function tokensOf({ orgId, projectId }: FixtureTenant): CredentialReader {
  return {
    read: ({ headers }): Caller | null => {
      const scope = /^Bearer (read|write|admin)$/.exec(headers.authorization ?? '')?.[1];
      if (scope === undefined) return null;
      const scopes = new Set([scope as Scope]);
      return { kind: 'token', id: `of-${scope}`, name: scope, orgId, projectId, scopes };
    },
  };
}
