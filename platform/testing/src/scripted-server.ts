import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { ENDPOINTS, type EndpointTable } from '@sagewai/wire';
import type { TSchema } from 'typebox';
import { Check, Convert, Errors } from 'typebox/value';
import { expect, onTestFinished } from 'vitest';

type EndpointId = keyof EndpointTable;

/** A request as it arrived. */
export interface Asked {
  readonly id: EndpointId;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; null when there was none. */
  readonly body: unknown;
}

export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly json?: unknown;
      readonly text?: string;
      /** The connection is closed in the middle of it. */
      readonly breaksOff?: boolean;
    }
  /** Reads the request and says nothing, until the caller goes or the server stops. */
  | 'silence'
  /** Closes the connection without an answer. */
  | 'hang up';

export type Script = (asked: Asked, nth: number) => Answer | Promise<Answer>;

export interface ScriptedServer {
  readonly url: string;
  /** From now on. `nth` counts the requests of this endpoint from 1. */
  on(id: EndpointId, script: Script): void;
  /** Everything that was asked of this endpoint. */
  asked(id: EndpointId): readonly Asked[];
  /** Waits until the endpoint has been asked `nth` times, and returns that request. */
  reached(id: EndpointId, nth?: number): Promise<Asked>;
  /** Goes away, with every connection; `start` comes back at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * A server on a real socket that answers what the test says. It keeps to the contract: a request that
 * does not match its endpoint, or a scripted success that no server could give, fails the test.
 */
export async function scriptedServer(): Promise<ScriptedServer> {
  const scripts = new Map<EndpointId, Script>();
  const asked = new Map<EndpointId, Asked[]>();
  const breaches: string[] = [];
  let arrived = Promise.withResolvers<void>();
  let port = 0;

  const http = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://scripted');
      const found = findEndpoint(request.method ?? '', url.pathname);
      if (!found) {
        breaches.push(`${request.method} ${url.pathname} is no endpoint`);
        return answer(response, { status: 404, json: { code: 'request.unroutable' } });
      }
      const body = await text(request);
      const one: Asked = {
        ...found,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: body === '' ? null : parse(body),
      };
      breaches.push(...breachesOf(one));
      const all = asked.get(one.id) ?? [];
      asked.set(one.id, [...all, one]);
      arrived.resolve();
      arrived = Promise.withResolvers();
      const script = scripts.get(one.id);
      if (!script) {
        breaches.push(`${one.id} has no script`);
        return answer(response, { status: 404, json: { code: 'request.unroutable' } });
      }
      const reply = await script(one, all.length + 1);
      breaches.push(...breachesOfAnswer(one.id, reply));
      answer(response, reply);
    })().catch((error: unknown) => {
      // The caller went while its body was read: there is nobody left to answer.
      if (!request.destroyed) breaches.push(String(error));
      response.destroy();
    });
  });
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve) => void http.listen(port, '127.0.0.1', resolve));
    port = (http.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    if (!http.listening) return;
    const closed = new Promise<void>((resolve) => void http.close(() => resolve()));
    http.closeAllConnections();
    await closed;
  };
  await start();
  onTestFinished(async () => {
    await stop();
    expect(breaches).toEqual([]);
  });

  return {
    url: `http://127.0.0.1:${port}`,
    on: (id, script) => void scripts.set(id, script),
    asked: (id) => asked.get(id) ?? [],
    reached: async (id, nth = 1) => {
      for (;;) {
        const one = asked.get(id)?.[nth - 1];
        if (one) return one;
        await arrived.promise;
      }
    },
    stop,
    start,
  };
}

function answer(response: ServerResponse, reply: Answer): void {
  if (reply === 'silence') return;
  if (reply === 'hang up') return void response.destroy();
  const { status = 200, headers = {}, json, text: plain, breaksOff = false } = reply;
  const type = json === undefined ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  if (breaksOff) return void response.write(plain ?? '', () => response.destroy());
  response.end(json === undefined ? plain : JSON.stringify(json));
}

function findEndpoint(method: string, path: string): Pick<Asked, 'id' | 'params'> | null {
  for (const endpoint of ENDPOINTS) {
    if (endpoint.method !== method) continue;
    const pattern = endpoint.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (!match) continue;
    const params = Object.entries(match.groups ?? {});
    return {
      id: endpoint.id,
      params: Object.fromEntries(params.map(([key, value]) => [key, decodeURIComponent(value)])),
    };
  }
  return null;
}

interface Parts {
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly output: TSchema;
}

const partsOf = (id: EndpointId): Parts | undefined => ENDPOINTS.find((one) => one.id === id);

function breachesOf({ id, params, query, body }: Asked): string[] {
  const parts = partsOf(id);
  const given = { params, query, body };
  return (['params', 'query', 'body'] as const).flatMap((part) => {
    const schema = parts?.[part];
    if (!schema) return [];
    const value = part === 'body' ? given.body : Convert(schema, structuredClone(given[part]));
    return objections(`${id} ${part}`, schema, value);
  });
}

function breachesOfAnswer(id: EndpointId, reply: Answer): string[] {
  const schema = partsOf(id)?.output;
  if (!schema || typeof reply === 'string' || (reply.status ?? 200) >= 300) return [];
  // A scripted text stands for a broken server; only what looks right must be right.
  return reply.json === undefined ? [] : objections(`${id} answer`, schema, reply.json);
}

function objections(what: string, schema: TSchema, value: unknown): string[] {
  if (Check(schema, value)) return [];
  const [first] = Errors(schema, value);
  return [`${what}${first?.instancePath ?? ''} ${first?.message ?? 'does not match'}`];
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
