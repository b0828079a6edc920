import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '@sagewai/clock';
import { sealingKeys } from '@sagewai/crypto';
import { createPublicEgress, type PublicEgress } from '@sagewai/egress';
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

import type { ActionSettings } from './action-options.ts';
import { type Action, createAction } from './action.ts';
import type { CredentialReferences } from './credentials.ts';

export interface FixtureOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly tenant: { readonly orgId: OrganizationId; readonly projectId: ProjectId };
  readonly settings?: Partial<ActionSettings>;
  /** The same on all replicas of one test, as the folder. */
  readonly key?: KeyObject;
  readonly folder?: string;
  readonly references?: CredentialReferences;
  /** Hosts that tools may be at, though they are private. */
  readonly privateHosts?: readonly string[];
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

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One replica: fleet and action behind the real pipeline, without a socket. */
export class ActionFixture {
  readonly fleet: Fleet;
  readonly action: Action;
  readonly app: App;
  readonly ledger: Ledger;
  readonly folder: string;
  readonly metrics = createMetrics();
  readonly #egress: PublicEgress;

  constructor({ db, dispatch, tenant, settings, ...options }: FixtureOptions) {
    const key = options.key ?? createSecretKey(randomBytes(32));
    this.folder = options.folder ?? join(tmpdir(), `sagewai-objects-${randomUUID()}`);
    const { metrics } = this;
    const privateHosts = options.privateHosts ?? ['127.0.0.1'];
    this.#egress = createPublicEgress({ privateHosts, timeoutMs: 60_000 });
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
    this.action = createAction({
      ...shared,
      fleet: this.fleet,
      egress: this.#egress,
      keys: sealingKeys([key], 'tools'),
      references: options.references ?? VALUES_ONLY,
      metrics,
      settings: { lookEveryMs: 10, retryDelayMs: 5, ...settings },
    });
    this.app = createApp({
      routes: [...this.fleet.routes, ...this.action.routes],
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

  async worker(): Promise<string> {
    const key = await this.call('POST', '/api/v1/fleet/enrollment-keys', 'admin', { name: 'f' });
    const answer = await this.app.inject({
      method: 'POST',
      url: '/api/v1/fleet/register',
      headers: {
        'x-enrollment-key': String(key.body['key']),
        'content-type': 'application/json',
      },
      payload: '{}',
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

  /** Registers a tool at a server of the test, and answers its id. */
  async tool(name: string, url: string, more: object = {}): Promise<string> {
    const http = { method: 'POST', url };
    const body = { name, kind: 'http', mode: 'network', http, ...more };
    const answer = await this.call('POST', '/api/v1/tools', 'admin', body);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return String(answer.body['id']);
  }

  ask(name: string, args: object, as = 'write', more: object = {}): Promise<Answer> {
    return this.call('POST', `/api/v1/tools/${name}/calls`, as, { arguments: args, ...more });
  }

  async sweep(): Promise<void> {
    for (const job of this.action.jobs) await job.run(new AbortController().signal);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.fleet.close();
    await this.ledger.close();
    await this.#egress.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const VALUES_ONLY: CredentialReferences = {
  judge: () => 'value',
  resolve: (reference) => Promise.resolve(reference),
};

function readFixtureToken(
  header: string,
  key: KeyObject,
  { orgId, projectId }: FixtureOptions['tenant'],
): Caller | null {
  const scope = /^Bearer (read|write|admin|other)$/.exec(header)?.[1];
  if (scope !== undefined) {
    // Somebody else, who may write too.
    const scopes = new Set([(scope === 'other' ? 'write' : scope) as Scope]);
    return { kind: 'token', id: `of-${scope}`, name: scope, orgId, projectId, scopes };
  }
  // An administrator of the project alone.
  if (header === 'Bearer bound') {
    const scopes = new Set<Scope>(['admin']);
    const detail = { boundProjectId: projectId };
    return { kind: 'token', id: 'of-bound', name: 'bound', orgId, projectId, scopes, detail };
  }
  // A token of the database.
  const id = /^Bearer of-ours:(.+)$/.exec(header)?.[1];
  if (id !== undefined) {
    return { kind: 'token', id, name: id, orgId, projectId, scopes: new Set<Scope>(['write']) };
  }
  const token = /^Bearer (rt-1\..+)$/.exec(header)?.[1];
  const read = token === undefined ? null : readRunToken(key, token, systemClock.now());
  if (read?.kind !== 'valid') return null;
  const { runId, epoch, ...of } = read.claims;
  // Whether the lease lives is asked where it matters.
  const whose = { orgId: of.orgId, projectId: of.projectId, scopes: new Set<Scope>() };
  return { kind: 'run', id: runId, name: `run ${runId}`, ...whose, detail: { epoch } };
}
