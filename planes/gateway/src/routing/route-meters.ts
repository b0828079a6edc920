import type { Metrics } from '@sagewai/telemetry';

import type { Deployment } from '../models/deployment.ts';
import type { FallbackKind } from './fallbacks.ts';

/** What of routing is counted. A call that is answered at once counts in none of it. */
export interface RouteMeters {
  failed(deployment: Deployment, because: string): void;
  retried(where: 'other' | 'again'): void;
  fellBack(because: FallbackKind, outcome: 'sent' | 'refused'): void;
  cooled(deployment: Deployment): void;
  /** Which of two answered, or why there was no second. */
  hedged(outcome: 'first' | 'second' | 'refused' | 'nobody'): void;
}

export function createRouteMeters(
  metrics: Metrics | undefined,
  /** Deployments that are passed over at present. */
  countCooling: () => number,
): RouteMeters {
  const failed = metrics?.counter({
    name: 'sagewai_model_attempts_failed_total',
    help: 'Attempts at a deployment that failed before any of an answer was passed on, and why.',
    labels: ['provider', 'because'],
  });
  const retried = metrics?.counter({
    name: 'sagewai_model_retries_total',
    help: 'Attempts after a failed one: at another deployment, or at one that had the call before.',
    labels: ['where'],
  });
  const fellBack = metrics?.counter({
    name: 'sagewai_model_fallbacks_total',
    help: 'Other models for a call, by the reason, and whether it was sent to them.',
    labels: ['because', 'outcome'],
  });
  const cooled = metrics?.counter({
    name: 'sagewai_model_cooldowns_total',
    help: 'Times that a deployment began to be passed over.',
    labels: ['provider'],
  });
  const hedged = metrics?.counter({
    name: 'sagewai_model_hedges_total',
    help: 'Calls that were silent for so long that a second deployment was to be asked, and which of them answered.',
    labels: ['outcome'],
  });
  metrics?.gauge({
    name: 'sagewai_model_deployments_cooling',
    help: 'Deployments that this replica passes over at present.',
    collect: (gauge) => gauge.set({}, countCooling()),
  });
  return {
    failed: ({ endpoint }, because) =>
      failed?.add({ provider: endpoint.provider, because: because.replace(/^5\d\d$/, '5xx') }),
    retried: (where) => retried?.add({ where }),
    fellBack: (because, outcome) => fellBack?.add({ because, outcome }),
    cooled: ({ endpoint }) => cooled?.add({ provider: endpoint.provider }),
    hedged: (outcome) => hedged?.add({ outcome }),
  };
}
