/** What autoscalers ask: how much waits, who could serve it, and who may go. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, textOrNull } from './schemas.ts';
import { model, pool } from './tags.ts';
import { workerState } from './worker.ts';

const count = Type.Integer({ minimum: 0 });
const ofQueue = Type.Object({ pool: Type.Optional(pool), model: Type.Optional(model) });

/** Flat, so that a `valueLocation` is one word. */
const scaling = Type.Object({
  pool: textOrNull,
  /** Canonical. */
  model: textOrNull,
  /** Waiting; more workers would help. */
  pending_runs: count,
  /** Waiting, and more workers would not help. Not in `pending_runs`. */
  blocked_by_quota: count,
  /** Of `pending_runs`: no worker that was heard lately can serve them. */
  unmatchable: count,
  oldest_age_seconds: Type.Number({ minimum: 0 }),
  active_runs: count,
  /** `pending_runs` and `active_runs`: scaling on it never removes a worker that is needed. */
  needed_slots: count,
  workers: count,
  slots: count,
});

export const readScaling = endpoint({
  id: 'fleet.readScaling',
  method: 'GET',
  path: '/api/v1/fleet/metrics-api',
  surface: 'own',
  summary: 'Read what an autoscaler needs, for the metrics-api scaler of KEDA',
  permission: 'fleet:read',
  audit: 'read',
  query: ofQueue,
  output: scaling,
});

export const readScalingText = endpoint({
  id: 'fleet.readScalingText',
  method: 'GET',
  path: '/api/v1/fleet/metrics-api/prometheus',
  surface: 'own',
  summary: 'The same in the Prometheus text format, one line for each pool and model',
  permission: 'fleet:read',
  audit: 'read',
  query: ofQueue,
  output: Type.String(),
  mediaTypes: ['text/plain'],
});

const GROUP = 'external.metrics.k8s.io' as const;
const VERSION = 'external.metrics.k8s.io/v1beta1' as const;
const groupVersion = Type.Object({
  groupVersion: Type.Literal(VERSION),
  version: Type.Literal('v1beta1'),
});
const apiGroup = {
  name: Type.Literal(GROUP),
  versions: Type.Array(groupVersion),
  preferredVersion: groupVersion,
};

export const listApiGroups = endpoint({
  id: 'fleet.listApiGroups',
  method: 'GET',
  path: '/apis',
  surface: 'own',
  summary: 'Discovery for Kubernetes: the API groups that are served',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({
    kind: Type.Literal('APIGroupList'),
    apiVersion: Type.Literal('v1'),
    groups: Type.Array(Type.Object(apiGroup)),
  }),
});

export const getApiGroup = endpoint({
  id: 'fleet.getApiGroup',
  method: 'GET',
  path: '/apis/external.metrics.k8s.io',
  surface: 'own',
  summary: 'Discovery for Kubernetes: the versions of external metrics',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({
    kind: Type.Literal('APIGroup'),
    apiVersion: Type.Literal('v1'),
    ...apiGroup,
  }),
});

export const listExternalMetrics = endpoint({
  id: 'fleet.listExternalMetrics',
  method: 'GET',
  path: '/apis/external.metrics.k8s.io/v1beta1',
  surface: 'own',
  summary: 'Discovery for Kubernetes: the metrics that an autoscaler may ask for',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({
    kind: Type.Literal('APIResourceList'),
    apiVersion: Type.Literal('v1'),
    groupVersion: Type.Literal(VERSION),
    resources: Type.Array(
      Type.Object({
        name: Type.String(),
        singularName: Type.Literal(''),
        namespaced: Type.Literal(true),
        kind: Type.Literal('ExternalMetricValueList'),
        verbs: Type.Array(Type.Literal('get')),
      }),
    ),
  }),
});

export const EXTERNAL_METRICS = [
  'sagewai_pending_runs',
  'sagewai_pending_runs_blocked_by_quota',
  'sagewai_pending_runs_unmatchable',
  'sagewai_pending_oldest_seconds',
] as const;

export const readExternalMetric = endpoint({
  id: 'fleet.readExternalMetric',
  method: 'GET',
  path: '/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}',
  surface: 'own',
  summary: 'Read a metric as a HorizontalPodAutoscaler does; every namespace has the same',
  permission: 'fleet:read',
  audit: 'read',
  params: Type.Object({
    namespace: Type.String({ minLength: 1, maxLength: 253 }),
    metric: Type.String({ minLength: 1, maxLength: 253 }),
  }),
  query: Type.Object({
    /** On the labels `pool` and `model`: `pool=gpu,model in (a,b)`. */
    labelSelector: Type.Optional(Type.String({ maxLength: 4_096 })),
  }),
  output: Type.Object({
    kind: Type.Literal('ExternalMetricValueList'),
    apiVersion: Type.Literal(VERSION),
    metadata: Type.Object({}),
    items: Type.Array(
      Type.Object({
        metricName: Type.String(),
        metricLabels: Type.Record(Type.String(), Type.String()),
        timestamp: instant,
        /** A Kubernetes quantity. */
        value: Type.String(),
      }),
    ),
  }),
});

export const askWhetherSafe = endpoint({
  id: 'fleet.askWhetherSafe',
  method: 'GET',
  path: '/api/v1/fleet/workers/{worker_id}/safe-to-remove',
  surface: 'own',
  summary: 'Whether a worker may be removed; with drain=true it is given nothing more first',
  permission: 'fleet:remove',
  audit: 'read',
  params: Type.Object({ worker_id: id }),
  query: Type.Object({
    /** `true`: stop giving it runs, then answer. `false`: let it work again. */
    drain: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
  }),
  output: Type.Object({
    worker_id: id,
    status: workerState,
    /** It holds nothing. While `draining`, or when it is not approved, that stays so. */
    safe: Type.Boolean(),
    draining: Type.Boolean(),
    active_runs: count,
  }),
});
