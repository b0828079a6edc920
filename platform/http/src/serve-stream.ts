import { Fault } from '@sagewai/fault';

import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { fail } from './fail.ts';
import type { Pipeline } from './pipeline.ts';
import { readBody } from './read-body.ts';
import type { StreamInput } from './route.ts';
import { work } from './work.ts';

interface Handler {
  readonly handle: (input: StreamInput) => Promise<void>;
  readonly hasOwnHead: boolean;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * The hot path. The framework has found the route and does nothing after that: no hooks, no content
 * parser, no serialiser, no log line. With an authenticator that answers from memory, and a body that
 * has arrived, nothing waits before the handler.
 */
export function serveStream(
  exchange: Exchange,
  handler: Handler,
  parts: { readonly params: unknown; readonly query: unknown },
  pipeline: Pipeline,
): void {
  const refuse = (thrown: unknown): void =>
    work(exchange, pipeline, fail(exchange, pipeline, thrown));
  const read = (): void => {
    const { plan, raw, reply } = exchange;
    if (plan.takesForm && !pipeline.forms.enter(raw, reply)) return refuse(isFull());
    readBody(raw, plan, (failure, bytes) => {
      if (failure !== null) refuse(failure);
      else work(exchange, pipeline, run(exchange, handler, { ...parts, body: bytes }, pipeline));
    });
  };
  try {
    const admission = admit(exchange, pipeline);
    if (admission === undefined) read();
    else work(exchange, pipeline, admission.then(read, refuse));
  } catch (thrown) {
    refuse(thrown);
  }
}

const isFull = (): Fault =>
  new Fault('service.busy', 'too many forms are kept in memory', {
    detail: 'The server is taking other uploads at the moment. Try again.',
    retryAfterMs: 1_000,
  });

async function run(
  exchange: Exchange,
  handler: Handler,
  raw: { params: unknown; query: unknown; body: Buffer | undefined },
  pipeline: Pipeline,
): Promise<void> {
  const { reply, caller } = exchange;
  const { handle, hasOwnHead } = handler;
  try {
    const { plan, headers } = exchange;
    const { params, query, body } = plan.parse(
      plan.takesForm ? { ...raw, contentType: headers['content-type'] } : raw,
    );
    if (!hasOwnHead) reply.setHeader('x-request-id', exchange.id);
    await handle({
      params,
      query,
      body,
      raw: raw.body ?? NO_BYTES,
      caller,
      request: exchange,
      reply,
    });
    if (!reply.headersSent && !exchange.isAbandoned) {
      throw new Fault('service.broken', `${exchange.endpoint.id} ended without an answer`);
    }
  } catch (thrown) {
    await fail(exchange, pipeline, thrown);
  }
}
