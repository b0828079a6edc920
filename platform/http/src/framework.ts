import { Fault } from '@sagewai/fault';
import type { Endpoint } from '@sagewai/wire';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { answerPage } from './answer-page.ts';
import type { Exchange } from './exchange.ts';
import { fail } from './fail.ts';
import { createFindMethods } from './find-methods.ts';
import type { HttpMeters } from './meters.ts';
import { nameFault } from './name-fault.ts';
import type { Pages } from './pages.ts';
import type { Pipeline } from './pipeline.ts';
import { createRequestIds } from './request-id.ts';
import { sendFault } from './send.ts';
import type { HttpSettings } from './settings.ts';
import { refuseSocket } from './socket-errors.ts';
import type { ServerCertificate } from './tls.ts';
import { work } from './work.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined where no route was found. */
    exchange: Exchange | undefined;
  }
}

const PARAM_LENGTH_MAX = 1024;

/**
 * The web framework, used for its router, its body reader and its server. Everything that it would
 * answer by itself is answered here, in the shape of the surface that was called.
 */
export function createFramework(of: {
  settings: HttpSettings;
  endpoints: readonly Endpoint[];
  meters: HttpMeters;
  pipeline: Pipeline;
  certificate: ServerCertificate | null;
  pages: Pages;
}): FastifyInstance {
  const { settings, meters, pipeline, certificate, pages } = of;
  const requestIdOf = createRequestIds();
  const findMethods = createFindMethods(of.endpoints);

  const refuseUnrouted = (request: FastifyRequest, reply: FastifyReply, fault: Fault): void => {
    const { methods, surface } = findMethods(pathOf(request.raw.url));
    const wrongMethod = fault.code === 'request.unroutable' && methods.length > 0;
    const status = sendFault(reply.hijack().raw, wrongMethod ? wrongMethodOf(methods) : fault, {
      surface,
      requestId: request.id,
      isLast: pipeline.drain.isDraining,
      ...(wrongMethod ? { headers: { allow: methods.join(', ') } } : {}),
    });
    meters.unroutable(status);
  };

  const framework = fastify({
    genReqId: ({ headers }) => requestIdOf(headers),
    requestIdHeader: false,
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: settings.bodyBytesMax,
    keepAliveTimeout: settings.keepAliveMs,
    requestTimeout: settings.requestMs,
    ...listenerOptions(settings, certificate),
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    frameworkErrors: (error, request, reply) => refuseUnrouted(request, reply, nameFault(error)),
    clientErrorHandler: (error, socket) => {
      const status = refuseSocket(error, socket, requestIdOf({}));
      if (status !== null) meters.unroutable(status);
    },
  });
  framework.decorateRequest('exchange', undefined);
  framework.removeAllContentTypeParsers();
  framework.addContentTypeParser(
    /^application\/(?:[\w.-]+\+)?json\b/i,
    { parseAs: 'buffer' },
    (_request, bytes, done) => done(null, bytes),
  );
  framework.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.raw.url);
    const detail = `${request.method} ${path} is not an endpoint.`;
    const refuse = (): void =>
      refuseUnrouted(request, reply, new Fault('request.unroutable', 'no route', { detail }));
    void answerPage(pages, { request, reply, path }, refuse);
  });
  framework.setErrorHandler((error, request, reply) => {
    if (request.exchange === undefined) {
      refuseUnrouted(request, reply, nameFault(error));
      return;
    }
    reply.hijack();
    work(request.exchange, pipeline, fail(request.exchange, pipeline, error));
  });
  return framework;
}

/** Typed as plain HTTP either way: what differs between the two servers, only `App` looks at. */
function listenerOptions(
  { headersMs }: HttpSettings,
  certificate: ServerCertificate | null,
): { http: { headersTimeout: number } } {
  const common = { headersTimeout: headersMs };
  if (certificate === null) return { http: common };
  const { cert, key } = certificate;
  const both = { http: common, https: { ...common, cert, key, minVersion: 'TLSv1.2' } };
  return both;
}

function wrongMethodOf(methods: readonly string[]): Fault {
  return new Fault('request.method', 'wrong method', {
    detail: `This endpoint has the methods ${methods.join(', ')}.`,
  });
}

function pathOf(url = '/'): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}
