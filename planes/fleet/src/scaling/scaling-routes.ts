import { Fault } from '@sagewai/fault';
import { implement, implementStream, type Route, SAFETY_HEADERS } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import {
  canonicalModel,
  EXTERNAL_METRICS,
  getApiGroup,
  listApiGroups,
  listExternalMetrics,
  type OrganizationId,
  type OutputOf,
  readExternalMetric,
  readScaling,
  readScalingText,
} from '@sagewai/wire';

import { matches, parseSelector, type Requirement } from '../matching/match-selector.ts';
import type { FleetParts } from '../parts.ts';
import {
  countWaiting,
  type PendingCount,
  type QueueFilter,
  readPendingOf,
  readPoolLoad,
} from './counts.sql.ts';

/** Up to so many are counted at the moment; beyond, what was counted last is as good. */
const WAITING_COUNTED_MAX = 1_000;
const GROUP = 'external.metrics.k8s.io' as const;
const VERSION = 'external.metrics.k8s.io/v1beta1' as const;
const GROUP_VERSION = { groupVersion: VERSION, version: 'v1beta1' } as const;
const API_GROUP = { name: GROUP, versions: [GROUP_VERSION], preferredVersion: GROUP_VERSION };

type Metric = (typeof EXTERNAL_METRICS)[number];

const VALUE_OF = {
  sagewai_pending_runs: ({ pending }) => pending,
  sagewai_pending_runs_blocked_by_quota: ({ blockedByQuota }) => blockedByQuota,
  sagewai_pending_runs_unmatchable: ({ unmatchable }) => unmatchable,
  sagewai_pending_oldest_seconds: ({ oldestSeconds }) => Math.round(oldestSeconds),
} as const satisfies Record<Metric, (count: PendingCount) => number>;

/** For autoscalers: KEDA, or a HorizontalPodAutoscaler. Each sees the queue of its organization. */
export function scalingRoutes({ db, clock, settings }: FleetParts): Route[] {
  return [
    implement(readScaling, async ({ tx, orgId, query }) => {
      const filter = filterOf(orgId, query);
      const counts = await readPendingOf(tx, filter);
      const sum = (of: (count: PendingCount) => number): number =>
        counts.reduce((total, count) => total + of(count), 0);
      const blocked = sum(({ blockedByQuota }) => blockedByQuota);
      const waiting = await countWaiting(tx, { ...filter, max: WAITING_COUNTED_MAX });
      const pending =
        waiting === null ? sum((count) => count.pending) : Math.max(0, waiting - blocked);
      const load = await readPoolLoad(tx, { ...filter, heardMs: settings.workerSilenceMs });
      return {
        pool: filter.pool,
        model: filter.model,
        pending_runs: pending,
        blocked_by_quota: blocked,
        unmatchable: Math.min(
          pending,
          sum(({ unmatchable }) => unmatchable),
        ),
        oldest_age_seconds:
          pending + blocked === 0
            ? 0
            : Math.max(0, ...counts.map(({ oldestSeconds }) => oldestSeconds)),
        active_runs: load.active,
        needed_slots: pending + load.active,
        workers: load.workers,
        slots: load.slots,
      };
    }),

    implementStream(readScalingText, async ({ query, caller, reply }) => {
      const { orgId } = caller;
      if (orgId === null) throw new Fault('organization.required', 'nobody’s queue was asked for');
      const filter = filterOf(orgId, query);
      const counts = await inTenant(db, [orgId], (tx) => readPendingOf(tx, filter));
      reply.writeHead(200, { ...SAFETY_HEADERS, 'content-type': 'text/plain; version=0.0.4' });
      reply.end(toText(orZero(counts, filter)));
    }),

    implement(listApiGroups, () =>
      Promise.resolve({
        kind: 'APIGroupList' as const,
        apiVersion: 'v1' as const,
        groups: [API_GROUP],
      }),
    ),

    implement(getApiGroup, () =>
      Promise.resolve({ kind: 'APIGroup' as const, apiVersion: 'v1' as const, ...API_GROUP }),
    ),

    implement(listExternalMetrics, (): Promise<OutputOf<typeof listExternalMetrics>> =>
      Promise.resolve({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: VERSION,
        resources: EXTERNAL_METRICS.map((name) => ({
          name,
          singularName: '',
          namespaced: true,
          kind: 'ExternalMetricValueList',
          verbs: ['get'],
        })),
      }),
    ),

    implement(readExternalMetric, async ({ tx, orgId, params, query }) => {
      const metric = EXTERNAL_METRICS.find((name) => name === params.metric);
      if (metric === undefined) {
        throw new Fault('resource.missing', `there is no metric ${params.metric}`, {
          detail: `There is no such metric. There are: ${EXTERNAL_METRICS.join(', ')}.`,
        });
      }
      const selector = parseSelector(query.labelSelector ?? '');
      if (selector === null) {
        throw new Fault('request.invalid', 'the label selector cannot be read', {
          detail: 'labelSelector is not a label selector, such as pool=gpu,model in (a,b).',
        });
      }
      const counts = await readPendingOf(tx, { orgId, pool: null, model: null });
      return {
        kind: 'ExternalMetricValueList' as const,
        apiVersion: VERSION,
        metadata: {},
        items: orZero(
          counts.filter(({ pool, model }) => matches({ pool, model }, selector)),
          { pool: nameOf(selector, 'pool'), model: nameOf(selector, 'model') },
        ).map((count) => ({
          metricName: metric,
          metricLabels: { pool: count.pool, model: count.model },
          timestamp: clock.now().toISOString(),
          value: String(VALUE_OF[metric](count)),
        })),
      };
    }),
  ];
}

function filterOf(
  orgId: OrganizationId,
  { pool, model }: { pool?: string; model?: string },
): QueueFilter {
  return {
    orgId,
    pool: pool ?? null,
    model: model === undefined || model === '*' ? (model ?? null) : canonicalModel(model),
  };
}

/** A missing value would keep an autoscaler at zero: what was asked for by name is told, with 0. */
function orZero(
  counts: readonly PendingCount[],
  { pool, model }: Pick<QueueFilter, 'pool' | 'model'>,
): readonly PendingCount[] {
  if (counts.length > 0 || pool === null) return counts;
  const nothing = { pending: 0, blockedByQuota: 0, unmatchable: 0, oldestSeconds: 0 };
  return [{ pool, model: model ?? '*', ...nothing }];
}

/** The one value that the selector allows a label; null: several or any. */
function nameOf(selector: readonly Requirement[], label: string): string | null {
  const named = selector.find((each) => each.label === label && each.kind === 'in');
  return named?.values.length === 1 ? (named.values[0] ?? null) : null;
}

function toText(counts: readonly PendingCount[]): string {
  const lines = EXTERNAL_METRICS.flatMap((metric) => [
    `# TYPE ${metric} gauge`,
    ...counts.map(
      (count) =>
        `${metric}{pool=${quote(count.pool)},model=${quote(count.model)}} ${VALUE_OF[metric](count)}`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

const quote = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
