import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const alive = Type.Object({
  status: Type.Literal('ok'),
  service: Type.Literal('sagewai'),
  version: Type.String(),
});

/** Liveness: answers while the process lives, also when PostgreSQL is away. */
export const getHealth = endpoint({
  id: 'server.getHealth',
  method: 'GET',
  path: '/api/v1/health',
  surface: 'own',
  summary: 'Tell that the process lives',
  permission: 'public',
  audit: 'skip',
  output: alive,
});

export const getHealthz = endpoint({
  id: 'server.getHealthz',
  method: 'GET',
  path: '/healthz',
  surface: 'own',
  summary: 'The same, where Kubernetes looks for it',
  permission: 'public',
  audit: 'skip',
  output: alive,
});

/** Readiness: 503 while a dependency is away, or while the process drains. */
export const getReadiness = endpoint({
  id: 'server.getReadiness',
  method: 'GET',
  path: '/readyz',
  surface: 'own',
  summary: 'Tell whether requests can be served now',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({ status: Type.Literal('ready') }),
});

export const dependency = Type.Object({
  name: Type.String(),
  state: Type.Union([Type.Literal('up'), Type.Literal('down')]),
  latency_ms: Type.Union([Type.Number(), Type.Null()]),
  version: Type.Union([Type.String(), Type.Null()]),
  detail: Type.Union([Type.String(), Type.Null()]),
});

/**
 * Without a token only the overall state; details would tell a stranger what runs here. Not `skip`,
 * as `/metrics`: nobody would be asked for a token then, and the details would be nobody's.
 */
export const getAdminHealth = endpoint({
  id: 'server.getAdminHealth',
  method: 'GET',
  path: '/api/v1/admin/health',
  surface: 'own',
  summary: 'Tell state, latency and version of every dependency',
  permission: 'public',
  audit: 'read',
  output: Type.Object({
    status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
    version: Type.Optional(Type.String()),
    uptime_seconds: Type.Optional(Type.Integer()),
    dependencies: Type.Optional(Type.Array(dependency)),
  }),
});

/** The Prometheus text format. Open on loopback, else it needs a token or `METRICS_PUBLIC=true`. */
export const getMetrics = endpoint({
  id: 'server.getMetrics',
  method: 'GET',
  path: '/metrics',
  surface: 'own',
  summary: 'Read metrics in the Prometheus text format',
  permission: 'public',
  audit: 'read',
  output: Type.String(),
  mediaTypes: ['text/plain'],
});
