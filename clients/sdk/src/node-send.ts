import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import type * as https from 'node:https';

import { type Open, readWhole, type Send } from './send.ts';

export interface NodeSendOptions {
  /** Certificates (PEM) of a private authority, trusted beside those that Node trusts. */
  readonly ca?: string | null;
  /** A certificate (PEM) that says who sends, and its key; shown to a server that asks for one. */
  readonly cert?: string | null;
  readonly key?: string | null;
}

/**
 * Sends by `node:http`. A process that makes many small calls needs a third of the memory that `fetch`
 * takes (its parser and its streams), in every thread; and an answer may take as long as its signal says.
 */
export function createNodeSend(tlsOptions: NodeSendOptions = {}): Send {
  const open = createNodeOpen(tlsOptions);
  return async (request) => readWhole(await open(request));
}

/** As `createNodeSend`, for answers that are read while they come. */
export function createNodeOpen(tlsOptions: NodeSendOptions = {}): Open {
  const agent = new Agent({ keepAlive: true });
  let secure: { readonly agent: https.Agent; readonly request: typeof https.request } | undefined;
  return ({ url, method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = { method, headers, signal };
      let request: ClientRequest;
      if (url.startsWith('https:')) {
        // Loaded when it is needed: a worker beside its server never speaks TLS.
        const tls = process.getBuiltinModule('node:https');
        secure ??= {
          agent: new tls.Agent({ keepAlive: true, ...showing(tlsOptions) }),
          request: tls.request,
        };
        request = secure.request(url, { ...options, agent: secure.agent });
      } else {
        request = requestHttp(url, { ...options, agent });
      }
      request.on('error', reject);
      request.on('response', (response) => {
        resolve({
          status: response.statusCode ?? 0,
          header: (name) => headerOf(response, name),
          body: response,
        });
      });
      request.end(body ?? undefined);
    });
}

function showing({ ca = null, cert = null, key = null }: NodeSendOptions): https.AgentOptions {
  return { ...trusting(ca), ...(cert === null || key === null ? {} : { cert, key }) };
}

/** Naming authorities replaces Node's own, so those are named too; Node 20 cannot tell the system's. */
function trusting(ca: string | null): { ca?: string[] } {
  if (ca === null) return {};
  const tls = process.getBuiltinModule('node:tls');
  const known = 'getCACertificates' in tls ? tls.getCACertificates('default') : [];
  return { ca: [...(known.length > 0 ? known : tls.rootCertificates), ca] };
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
}
