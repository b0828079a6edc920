/** Adapts the mounts to HTTP: one listener, its order of questions, its end. What is mounted where, `mount.ts` decides. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import {
  createRequestIds,
  Drain,
  type Drained,
  HTTP_DEFAULTS,
  type ServerCertificate,
} from '@sagewai/http';

import { clientAddress } from './client-address.ts';
import type { EdgeMeters } from './meters.ts';
import {
  aliveHealth,
  type EdgePlan,
  findMount,
  type Mount,
  type MountState,
  pagePlace,
  type ReadyWhen,
  readyHealth,
} from './mount.ts';
import type { RateLimiter } from './rate.ts';
import { refuse } from './refuse.ts';
import type { Target } from './target.ts';

export interface EdgeOptions {
  readonly plan: EdgePlan<Target>;
  readonly states: () => readonly MountState[];
  readonly readyWhen: ReadyWhen;
  readonly isTrusted: (address: string) => boolean;
  /** Null: no limit. */
  readonly limiter: RateLimiter | null;
  readonly limitBy: 'address' | 'credential';
  readonly inFlightMax: number;
  readonly drainLingerMs: number;
  readonly meters: EdgeMeters;
  /** Null: plain HTTP. */
  readonly certificate: ServerCertificate | null;
}

export interface EdgeApp {
  listen(where: { readonly host: string; readonly port: number }): Promise<string>;
  replaceCertificate(certificate: ServerCertificate): void;
  /** Refuses new requests and waits for those under way, at most so long; still listens. */
  drain(limitMs: number): Promise<Drained>;
  close(): Promise<void>;
}

export function createEdge(options: EdgeOptions): EdgeApp {
  const { plan, certificate, limiter, inFlightMax, meters } = options;
  const drain = new Drain();
  const requestIdOf = createRequestIds();
  const scheme = certificate === null ? 'http' : 'https';

  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '/';
    const found = findMount(plan.mounts, request.headers.host, url);
    if (found.kind === 'health') {
      return answerHealth(response, found.asks, request.method === 'HEAD');
    }
    const requestId = requestIdOf(request.headers);
    const of = { url, requestId };
    if (found.kind !== 'mount') {
      return refuse(response, found.kind === 'refused' ? 'climbing' : 'unmounted', of);
    }
    const { mount } = found;
    const at = { url: found.url, requestId };
    if (drain.isDraining) return refuse(response, 'draining', at, { isLast: true });
    if (drain.inFlight >= inFlightMax) return refuse(response, 'busy', at);
    const client = clientAddress(request, options.isTrusted);
    if (limiter !== null) {
      const admitted = limiter.admit(clientOf(request, client.address), performance.now());
      if (admitted.kind === 'late') {
        meters.limited();
        return refuse(response, 'rate', at, { retryAfterMs: admitted.retryAfterMs });
      }
    }
    begin(response, mount);
    const { method, headers } = request;
    const place = pagePlace(mount.prefix, { method, accept: headers.accept, url });
    if (place !== null) return sendTo(response, place, requestId);
    mount.target.handle(request, response, { ...at, ...client, prefix: mount.prefix, scheme });
  };

  const begin = (response: ServerResponse, mount: Mount<Target>): void => {
    const startedMs = performance.now();
    drain.enter();
    response.once('close', () => {
      drain.leave();
      meters.answered(mount, response, (performance.now() - startedMs) / 1_000);
    });
  };

  const clientOf = ({ headers }: IncomingMessage, address: string): string => {
    const credential = headers.authorization ?? headers['x-api-key'];
    if (options.limitBy === 'address' || typeof credential !== 'string') return address;
    return createHash('sha256').update(credential).digest('base64');
  };

  const answerHealth = (response: ServerResponse, asks: string, isHead: boolean): void => {
    const { isReady, health } =
      asks === 'alive'
        ? { isReady: true, health: aliveHealth(plan) }
        : readyHealth(plan, options.states(), {
            isDraining: drain.isDraining,
            when: options.readyWhen,
          });
    const text = JSON.stringify(health);
    response.writeHead(isReady ? 200 : 503, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    });
    response.end(isHead ? undefined : text);
  };

  const { keepAliveMs, headersMs, requestMs } = HTTP_DEFAULTS;
  const timing = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
  };
  const server: Server | TlsServer =
    certificate === null
      ? createServer(timing, pass)
      : createTlsServer({ ...timing, ...shown(certificate) }, pass);
  meters.inFlight(() => drain.inFlight);

  return {
    listen: async ({ host, port }) => {
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address() as AddressInfo;
      return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    },
    replaceCertificate: (other) => {
      if (server instanceof TlsServer) server.setSecureContext(shown(other));
    },
    drain: async (limitMs) => {
      // Whoever has an idle connection open hears it, instead of finding it closed under its next request.
      const { promise: lingered, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, Math.min(options.drainLingerMs, limitMs));
      const drained = await drain.start(limitMs);
      await lingered;
      return drained;
    },
    close: async () => {
      server.closeAllConnections();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** Not stored: what one browser keeps for ever would outlive the prefix, and answer for what is no page. */
function sendTo(response: ServerResponse, location: string, requestId: string): void {
  response.writeHead(308, {
    location,
    'content-length': 0,
    'cache-control': 'no-store',
    'x-request-id': requestId,
  });
  response.end();
}

const shown = ({ cert, key }: ServerCertificate): object => ({ cert, key, minVersion: 'TLSv1.2' });
