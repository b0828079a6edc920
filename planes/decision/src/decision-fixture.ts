import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createAction } from '@sagewai/action';
import { systemClock } from '@sagewai/clock';
import { sealingKeys } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { createFleet, type Fleet } from '@sagewai/fleet';
import { type App, type Caller, createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { readRunToken } from '@sagewai/identity';
import { createLedger, type Ledger } from '@sagewai/ledger';
import { silentLog } from '@sagewai/log';
import { FileStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { createAuditor } from '@sagewai/trust';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { DecisionSettings } from './decision-options.ts';
import { createDecision, type Decision } from './decision.ts';

export interface FixtureOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly tenant: { readonly orgId: OrganizationId; readonly projectId: ProjectId };
  readonly settings?: Partial<DecisionSettings>;
  /** The same on all replicas of one test, as the folder. */
  readonly key?: KeyObject;
  readonly folder?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Held {
  readonly runId: string;
  readonly epoch: number;
  readonly runToken: string;
  readonly worker: string;
}

type Method = 'DELETE' | 'GET' | 'POST' | 'PUT';

/** One replica: fleet, tools and decision behind the real pipeline, without a socket unless it listens. */
export class DecisionFixture {
  readonly fleet: Fleet;
  readonly decision: Decision;
  readonly app: App;
  readonly ledger: Ledger;
  readonly folder: string;
  readonly #egress = createPublicEgress({ privateHosts: [], timeoutMs: 5_000 });

  constructor({ db, dispatch, tenant, settings, ...options }: FixtureOptions) {
    const key = options.key ?? createSecretKey(randomBytes(32));
    this.folder = options.folder ?? join(tmpdir(), `sagewai-objects-${randomUUID()}`);
    const metrics = createMetrics();
    const objects = new FileStore(this.folder);
    const shared = { db, dispatch, objects, clock: systemClock, log: silentLog };
    this.ledger = createLedger({ db, log: silentLog, metrics });
    this.fleet = createFleet({
      ...shared,
      listenUrl: null,
      ledger: this.ledger,
      priceOf: () => null,
      chooseTier: async () => null,
      metrics,
      workerTokenKey: key,
      runTokenKey: key,
      sealingKeys: [key],
      lastingKeys: { contentReference: key, requestHash: key },
      egress: this.#egress,
      settings: {
        pollTimeoutDefaultMs: 0,
        workerTrustMs: 0,
        heartbeatPaceMs: 0,
        repeatLookEveryMs: 0,
        registrationBurst: 1_000,
      },
    });
    this.decision = createDecision({
      ...shared,
      fleet: this.fleet,
      settings: { watchEveryMs: 20, ...settings },
    });
    const action = createAction({
      ...shared,
      fleet: this.fleet,
      offers: this.decision.offers,
      egress: this.#egress,
      keys: sealingKeys([key], 'tools'),
      references: { judge: () => 'value', resolve: (reference) => Promise.resolve(reference) },
      metrics,
    });
    this.app = createApp({
      routes: [...this.fleet.routes, ...action.routes, ...this.decision.routes],
      authenticate: createAuthenticator([
        ...this.fleet.credentialReaders,
        { read: ({ headers }) => readFixtureToken(headers.authorization ?? '', key, tenant) },
      ]),
      auditor: createAuditor({ db }),
      db,
      clock: systemClock,
      log: silentLog,
      metrics,
    });
  }

  async call(method: Method, url: string, as: string, body?: unknown): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${as}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const answer = await this.app.inject({ method, url, headers, ...payload });
    const text = answer.payload;
    return {
      status: answer.statusCode,
      body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : { text },
    };
  }

  async worker(more: { headers?: Record<string, string>; body?: string } = {}): Promise<string> {
    const key = await this.call('POST', '/api/v1/fleet/enrollment-keys', 'admin', { name: 'f' });
    const answer = await this.app.inject({
      method: 'POST',
      url: '/api/v1/fleet/register',
      headers: {
        'x-enrollment-key': String(key.body['key']),
        'content-type': 'application/json',
        ...more.headers,
      },
      payload: more.body ?? '{}',
    });
    return String((JSON.parse(answer.payload) as Answer['body'])['token']);
  }

  async submit(payload: object = {}): Promise<string> {
    const { status, body } = await this.call('POST', '/api/v1/runs', 'write', { payload });
    if (status !== 201) throw new Error(`submission answered ${status}`);
    return String(body['id']);
  }

  async claim(worker: string): Promise<Held> {
    const { body } = await this.call('POST', '/api/v1/fleet/claim', worker, {
      slots: 1,
      poll_timeout: 0,
    });
    const [lease] = body['leases'] as { run_id: string; epoch: number; run_token: string }[];
    if (lease === undefined) throw new Error('nothing was claimed');
    return { runId: lease.run_id, epoch: lease.epoch, runToken: lease.run_token, worker };
  }

  write({ runId, runToken }: Held, ...steps: readonly object[]): Promise<Answer> {
    return this.call('POST', `/api/v1/runs/${runId}/journal`, runToken, { steps });
  }

  read(runId: string, query = '', as = 'read'): Promise<Answer> {
    return this.call('GET', `/api/v1/runs/${runId}/journal${query}`, as);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.fleet.close();
    await this.ledger.close();
    await this.#egress.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** As the wire has a step; what is not said is that of a finished one. */
export function aStep(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const at = '2026-11-28T10:00:00.000Z';
  const state = { kind: 'step', state: 'completed', ordinal: 0, started_at: at, ended_at: at };
  return { name, ...state, result: `${name} is done`, tries: 1, ...more };
}

function readFixtureToken(
  header: string,
  key: KeyObject,
  { orgId, projectId }: FixtureOptions['tenant'],
): Caller | null {
  const scope = /^Bearer (read|write|admin)$/.exec(header)?.[1];
  if (scope !== undefined) {
    const scopes = new Set([scope as Scope]);
    return { kind: 'token', id: `of-${scope}`, name: scope, orgId, projectId, scopes };
  }
  const token = /^Bearer (rt-1\..+)$/.exec(header)?.[1];
  const read = token === undefined ? null : readRunToken(key, token, systemClock.now());
  if (read?.kind !== 'valid') return null;
  const { runId: id, epoch, ...of } = read.claims;
  // Whether the lease lives is asked where it matters.
  const whose = { orgId: of.orgId, projectId: of.projectId, scopes: new Set<Scope>() };
  return { kind: 'run', id, name: `run ${id}`, ...whose, detail: { epoch } };
}
