import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { admit } from './admit.ts';
import { pageFirst } from './answer-page.ts';
import { Exchange } from './exchange.ts';
import { fail } from './fail.ts';
import type { Pages } from './pages.ts';
import type { Pipeline } from './pipeline.ts';
import type { Plan } from './plan.ts';
import { serveStream } from './serve-stream.ts';
import { serve } from './serve.ts';
import { work } from './work.ts';

/**
 * Gives one route to the framework. The reply is always taken over: the pipeline writes every answer,
 * so that none of them takes another way out (H7).
 */
export function bindRoute(
  framework: FastifyInstance,
  { plan, pages }: { readonly plan: Plan; readonly pages: Pages },
  pipeline: Pipeline,
): void {
  const { path, aliases = [] } = plan.endpoint;
  for (const each of [path, ...aliases]) bindPath(framework, { plan, path: each, pages }, pipeline);
}

function bindPath(
  framework: FastifyInstance,
  { plan, path, pages }: { readonly plan: Plan; readonly path: string; readonly pages: Pages },
  pipeline: Pipeline,
): void {
  const { binding, endpoint } = plan;
  const common = {
    method: endpoint.method,
    url: toRouterPath(path),
    bodyLimit: plan.bodyBytesMax,
  };
  if (binding.kind === 'stream') {
    framework.route({
      ...common,
      // Runs before the framework looks at the body; without `done` it never does.
      onRequest: (request, reply) => {
        const exchange = begin(plan, request, reply, pipeline);
        reply.hijack();
        const { params, query } = request;
        serveStream(exchange, binding, { params, query }, pipeline);
      },
      handler: neverReached,
    });
    return;
  }
  framework.route({
    ...common,
    // The one endpoint at whose place browsers are shown a page; all others never ask.
    ...(path === '/' ? { preHandler: pageFirst(pages) } : {}),
    onRequest: (request, reply, done) => {
      const exchange = begin(plan, request, reply, pipeline);
      request.exchange = exchange;
      const refuse = (thrown: unknown): void => {
        reply.hijack();
        work(exchange, pipeline, fail(exchange, pipeline, thrown));
      };
      const proceed = (): void => done();
      try {
        const admission = admit(exchange, pipeline);
        if (admission === undefined) proceed();
        else work(exchange, pipeline, admission.then(proceed, refuse));
      } catch (thrown) {
        refuse(thrown);
      }
    },
    handler: (request, reply) => {
      reply.hijack();
      const { exchange, params, query, body } = request;
      if (exchange === undefined) throw new Error('the route was entered without its head');
      const raw = { params, query, body: body as Buffer | undefined };
      work(exchange, pipeline, serve(exchange, binding, raw, pipeline));
    },
  });
}

function begin(
  plan: Plan,
  request: FastifyRequest,
  { raw: reply }: FastifyReply,
  { drain }: Pipeline,
): Exchange {
  const exchange = new Exchange({ plan, origin: request, reply, draining: drain.signal });
  if (!plan.isHealth) drain.enter();
  reply.once('close', () => {
    if (!plan.isHealth) drain.leave();
    const status = reply.writableEnded ? reply.statusCode : null;
    plan.meter.answered(status, exchange.elapsedSeconds());
  });
  return exchange;
}

function neverReached(): void {}

/** `/runs/{run_id}` → `/runs/:run_id`; a colon of the path itself is doubled. */
function toRouterPath(path: string): string {
  return path.replaceAll(':', '::').replaceAll(/\{([^}]+)\}/g, ':$1');
}
