import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import type { Route, StreamInput } from '@sagewai/http';

export interface RouteAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Calls a route of models as a caller would, in the process: the same guardrails, budgets, rates and books, and no
 * socket. What it throws before its head is thrown here.
 */
export async function askRoute(
  route: Route,
  as: Pick<StreamInput, 'caller' | 'request'>,
  body: object,
): Promise<RouteAnswer> {
  const { binding, endpoint } = route;
  if (binding.kind !== 'stream') throw new Error(`${endpoint.id} is no route of models`);
  const reply = new HeardReply(new IncomingMessage(new Socket()));
  const raw = Buffer.from(JSON.stringify(body));
  const headers = { ...as.request.headers, 'content-type': 'application/json' };
  const request = { ...as.request, headers, url: endpoint.path, endpoint };
  await binding.handle({ ...as, request, params: {}, query: {}, body, raw, reply });
  return { status: reply.statusCode, body: JSON.parse(reply.heard.toString() || 'null') };
}

/** An answer that goes nowhere. */
class HeardReply extends ServerResponse {
  readonly #pieces: Buffer[] = [];

  get heard(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  override writeHead(status: number, ...more: unknown[]): this {
    this.statusCode = status;
    for (const [name, value] of Object.entries((more.at(-1) ?? {}) as OutgoingHttpHeaders)) {
      if (value !== undefined) this.setHeader(name, value);
    }
    return this;
  }

  override write(chunk: Uint8Array | string): boolean {
    this.#pieces.push(Buffer.from(chunk as Uint8Array));
    return true;
  }

  override end(chunk?: unknown): this {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk);
    return this;
  }

  override flushHeaders(): void {
    // Nobody waits for them.
  }
}
