import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';

import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import type { FastifyInstance } from 'fastify';

import type { Auditor } from './audit.ts';
import type { Authenticator } from './authenticate.ts';
import { bindRoute } from './bind-route.ts';
import { findRouteMistakes } from './check-routes.ts';
import { Drain, type Drained } from './drain.ts';
import { createFormRoom } from './form-room.ts';
import { createFramework } from './framework.ts';
import { createHttpMeters } from './meters.ts';
import { MinuteAllowance } from './minute-allowance.ts';
import { openApiRoute } from './openapi-route.ts';
import { NO_PAGES, type Pages } from './pages.ts';
import { createMutualServer } from './peer.ts';
import type { Pipeline } from './pipeline.ts';
import { planRoute } from './plan.ts';
import type { Route } from './route.ts';
import { HTTP_DEFAULTS, type HttpSettings } from './settings.ts';
import type { ServerCertificate } from './tls.ts';
import { createValidators } from './validators.ts';

/** Recorded for each caller. */
const REFUSALS_PER_MINUTE = 60;

/** Logged for each endpoint and kind of fault. */
const FAULT_LINES_PER_MINUTE = 60;

export interface AppOptions {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticator;
  readonly auditor: Auditor;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings?: Partial<HttpSettings>;
  /** Serves HTTPS; plain HTTP without. */
  readonly certificate?: ServerCertificate | null;
  readonly pages?: Pages;
}

export interface App {
  /** Answers a request without a socket; for tests. */
  readonly inject: FastifyInstance['inject'];
  /** To answer requests that a listener of somebody else's has taken. */
  answerer(): Promise<(request: IncomingMessage, response: ServerResponse) => void>;
  /** Returns the address, `http://127.0.0.1:8000`, or `https://…`. Port 0 takes a free one. */
  listen(where: { readonly host: string; readonly port: number }): Promise<string>;
  /**
   * Refuses new requests (health aside), tells long polls through `request.draining`, and waits for
   * what is in flight, at most `limitMs`. Still listens: `close` comes after it.
   */
  drain(limitMs: number): Promise<Drained>;
  /** Requests under way, health aside. */
  inFlight(): number;
  /**
   * Listens beside `listen` for those who show a certificate of their own (`RequestHead.peerThumbprint`).
   * Only where there is a certificate. Returns the address.
   */
  listenMutual(where: { readonly host: string; readonly port: number }): Promise<string>;
  /** New connections are shown this one; those that stand go on. Only where there was one from the start. */
  replaceCertificate(certificate: ServerCertificate): void;
  /** Stops listening and ends every connection, whatever is on it. */
  close(): Promise<void>;
}

async function drainAll(drain: Drain, lingerMs: number, limitMs: number): Promise<Drained> {
  const { promise: lingered, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, lingerMs);
  const drained = await drain.start(limitMs);
  await lingered;
  return drained;
}

/**
 * The one pipeline: head → authenticate → authorize → parse → handle → audit → answer. Throws, naming
 * all of them, when there are routes that cannot be served (H8). Its invariants are in the README.
 */
export function createApp(options: AppOptions): App {
  const settings = { ...HTTP_DEFAULTS, ...options.settings };
  const mistakes = findRouteMistakes(options.routes);
  if (mistakes.length > 0) throw new Error(`the routes cannot be served: ${mistakes.join('; ')}`);
  const routes = [...options.routes, openApiRoute(options.routes, settings)];

  const { db, authenticate, auditor, clock, log } = options;
  const meters = createHttpMeters(options.metrics);
  const drain = new Drain();
  options.metrics.gauge({
    name: 'sagewai_http_requests_in_flight',
    help: 'Requests under way, long polls and streams among them; health is not counted.',
    collect: (gauge) => gauge.set({}, drain.inFlight),
  });
  const pipeline: Pipeline = {
    db,
    authenticate,
    auditor,
    clock,
    log,
    drain,
    refusals: new MinuteAllowance(REFUSALS_PER_MINUTE),
    forms: createFormRoom(settings),
    faultLines: new MinuteAllowance(FAULT_LINES_PER_MINUTE),
  };
  const endpoints = routes.map(({ endpoint }) => endpoint);
  const { certificate = null, pages = NO_PAGES } = options;
  const framework = createFramework({ settings, endpoints, meters, pipeline, certificate, pages });
  const compiling = {
    validators: createValidators(),
    meters,
    bodyBytesMax: settings.bodyBytesMax,
    formBytesMax: settings.formBytesMax,
  };
  for (const route of routes) {
    bindRoute(framework, { plan: planRoute(route, compiling), pages }, pipeline);
  }

  let drained: Promise<Drained> | undefined;
  let mutual: HttpsServer | undefined;
  return {
    inject: framework.inject.bind(framework) as FastifyInstance['inject'],
    answerer: async () => {
      await framework.ready();
      return (request, response) => framework.routing(request, response);
    },
    listen: async ({ host, port }) => {
      await framework.listen({ host, port });
      return urlAt(certificate === null ? 'http' : 'https', host, framework.server.address());
    },
    drain: (limitMs) => {
      // Idle connections stay: a request on one is answered with 503 and `connection: close`.
      drained ??= drainAll(drain, Math.min(settings.drainLingerMs, limitMs), limitMs);
      return drained;
    },
    inFlight: () => drain.inFlight,
    listenMutual: async ({ host, port }) => {
      if (certificate === null) throw new Error('this app serves plain HTTP');
      await framework.ready();
      const server = createMutualServer(
        (request, response) => framework.routing(request, response),
        certificate,
        settings,
      );
      server.listen(port, host);
      await once(server, 'listening');
      mutual = server;
      return urlAt('https', host, server.address());
    },
    replaceCertificate: ({ cert, key }) => {
      const server: Server | TlsServer = framework.server;
      if (!(server instanceof TlsServer)) throw new Error('this app serves plain HTTP');
      for (const each of [server, mutual]) {
        each?.setSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      }
    },
    close: async () => {
      mutual?.closeAllConnections();
      mutual?.close();
      await framework.close();
    },
  };
}

/** The host as it was asked for: the framework says 127.0.0.1 where it listens on every address. */
function urlAt(scheme: string, host: string, address: string | AddressInfo | null): string {
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
