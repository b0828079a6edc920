import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { systemClock } from '@sagewai/clock';
import { readConfig } from '@sagewai/config';
import { sealingKey } from '@sagewai/crypto';
import { createEgress } from '@sagewai/egress';
import { createGateway, gatewayFields, readGatewayConfig, upstreamUrls } from '@sagewai/gateway';
import { type App, type Caller, createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { createLedger } from '@sagewai/ledger';
import { silentLog } from '@sagewai/log';
import { FileStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import type { Tenant } from '@sagewai/testing';
import { createAuditor } from '@sagewai/trust';

import type { IntelligenceSettings } from './intelligence-options.ts';
import { createIntelligence, type Intelligence } from './intelligence.ts';

/** What a provider is asked, as it came. */
export interface Asked {
  readonly path: string;
  readonly body: {
    readonly model: string;
    readonly messages?: readonly { readonly role: string; readonly content: string }[];
    readonly input?: readonly string[];
  } & Readonly<Record<string, unknown>>;
}

/** A provider on a real socket that answers as the test says. */
export interface Provider {
  readonly url: string;
  readonly asked: Asked[];
  answer: (asked: Asked, reply: ServerResponse) => void | Promise<void>;
  close(): Promise<void>;
}

export async function startProvider(): Promise<Provider> {
  const server = createServer((request, reply) => {
    void (async () => {
      const body = JSON.parse((await buffer(request)).toString()) as Asked['body'];
      const asked = { path: request.url ?? '', body };
      provider.asked.push(asked);
      await provider.answer(asked, reply);
    })().catch(() => reply.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const provider: Provider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    answer: (_, reply) => tellJson(reply, said('ok')),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return provider;
}

export const said = (content: string): object => ({
  id: 'chatcmpl-theirs',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

export function tellJson(reply: ServerResponse, body: object, status = 200): void {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(body));
}

/** Piece by piece, and its end where it has one. */
export function tellStream(
  reply: ServerResponse,
  pieces: readonly string[],
  { isWhole = true }: { readonly isWhole?: boolean } = {},
): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of pieces) {
    const chunk = { id: 'theirs', choices: [{ index: 0, delta: { content } }] };
    reply.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  reply.end(isWhole ? 'data: [DONE]\n\n' : undefined);
}

const MODELS = (url: string): string => `
model_list:
  - model_name: m
    litellm_params: { model: openai/m, api_base: "${url}", api_key: sk-provider }
    model_info: { input_cost_per_token: 0.000001, output_cost_per_token: 0.000002 }
  - model_name: e
    litellm_params: { model: openai/e, api_base: "${url}", api_key: sk-provider }
    model_info: { mode: embedding, input_cost_per_token: 0.000001, output_cost_per_token: 0 }
`;

export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a client that is not typed sees
  readonly body: any;
}

/** Gateway and intelligence behind the real pipeline, on a real socket, with a provider of the test. */
export class IntelligenceFixture {
  readonly app: App;
  readonly intelligence: Intelligence;
  readonly folder = join(tmpdir(), `sagewai-objects-${randomUUID()}`);
  readonly #closing: (() => unknown)[] = [];
  #url = '';

  constructor(of: {
    readonly db: Db;
    readonly tenant: Tenant;
    readonly provider: Provider;
    readonly settings?: Partial<IntelligenceSettings>;
    readonly roots?: readonly string[];
  }) {
    const { db, tenant, provider, settings } = of;
    const key = createSecretKey(randomBytes(32));
    const fields = readConfig(gatewayFields, { environment: {} });
    const file = { text: MODELS(provider.url), env: {} };
    const read = readGatewayConfig(fields, file, systemClock.now());
    if (read.kind === 'refused') throw new Error(read.mistakes.join('; '));
    const { config } = read;
    const egress = createEgress({
      allowed: upstreamUrls(config),
      connectTimeoutMs: 1_000,
      headersTimeoutMs: 5_000,
      bodyTimeoutMs: 5_000,
    });
    const metrics = createMetrics();
    const shared = { db, clock: systemClock, log: silentLog };
    const objects = new FileStore(this.folder);
    const ledger = createLedger({ ...shared, metrics });
    const gateway = createGateway({
      ...shared,
      ledger,
      egress,
      config,
      runLeases: { areAlive: async (pairs) => pairs.map(() => false) },
      runTokenKey: key,
      sealing: [sealingKey(key, 'gateway-model')],
      responseKeys: [sealingKey(key, 'gateway-response')],
      metrics,
    });
    this.intelligence = createIntelligence({
      ...shared,
      models: gateway.routes,
      objects,
      keys: [sealingKey(key, 'intelligence')],
      rootsOf: async () => of.roots ?? [],
      ...(settings === undefined ? {} : { settings }),
    });
    this.app = createApp({
      routes: [...this.intelligence.modelRoutes, ...this.intelligence.routes],
      authenticate: createAuthenticator([
        ...gateway.credentialReaders,
        { read: ({ headers }) => readFixtureToken(headers.authorization ?? '', tenant) },
      ]),
      auditor: createAuditor({ db }),
      db,
      clock: systemClock,
      log: silentLog,
      metrics,
    });
    this.#closing.push(
      () => gateway.close(),
      () => this.app.close(),
      () => ledger.close(),
      () => egress.destroy(),
      () => rm(this.folder, { recursive: true, force: true }),
    );
  }

  async call(target: string, as: string, body?: object): Promise<Answer> {
    const { status, text } = await this.send(target, as, body);
    return { status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  }

  async send(target: string, as: string, body?: object): Promise<{ status: number; text: string }> {
    if (this.#url === '') this.#url = await this.app.listen({ host: '127.0.0.1', port: 0 });
    const [method = 'GET', path = ''] = target.split(' ');
    const answer = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** A virtual key of the project. */
  async key(more: object = {}): Promise<string> {
    const answer = await this.call('POST /api/v1/keys', 'admin', { name: 'k', ...more });
    const { key } = answer.body as { readonly key?: string };
    if (key === undefined) throw new Error(`a key was not made: ${JSON.stringify(answer)}`);
    return key;
  }

  chat(as: string, content: string, more: object = {}): Promise<Answer> {
    const messages = [{ role: 'user', content }];
    return this.call('POST /v1/chat/completions', as, { model: 'm', messages, ...more });
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}

function readFixtureToken(header: string, { orgId, projectId }: Tenant): Caller | null {
  const scope = /^Bearer (read|write|admin)$/.exec(header)?.[1];
  if (scope === undefined) return null;
  const scopes = new Set([scope as Scope]);
  return { kind: 'token', id: `of-${scope}`, name: scope, orgId, projectId, scopes };
}
