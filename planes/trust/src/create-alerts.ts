import type { Caller, Route } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Metrics } from '@sagewai/telemetry';
import type { ProjectId } from '@sagewai/wire';

import { alertRoutes } from './alert-routes.ts';
import { deliverAlerts, type DeliveryOptions } from './deliver-alerts.ts';
import { outboxDue } from './deliveries.sql.ts';
import { type DescribeEntries, relayEvents } from './relay-events.ts';
import { TRUST_DEFAULTS, type TrustSettings } from './settings.ts';
import { webhookRoutes } from './webhook-routes.ts';

export interface AlertsOptions extends Omit<DeliveryOptions, 'settings' | 'deliveries'> {
  readonly metrics: Metrics;
  readonly settings?: Partial<TrustSettings>;
  /** What planes above tell of entries that they wrote. */
  readonly describe?: readonly DescribeEntries[];
  /** The one project of a caller's credential. */
  readonly boundProject?: (caller: Caller) => ProjectId | null;
  /** Makes a job look now. */
  readonly nudge: (job: string) => void;
}

const JOB = 'trust.deliver';

/** Where alerts go: the routes that say where, and the job that brings them there. */
export function createAlerts(options: AlertsOptions): { routes: Route[]; jobs: Job[] } {
  const settings = { ...TRUST_DEFAULTS, ...options.settings };
  const deliveries = options.metrics.counter({
    name: 'sagewai_alert_deliveries_total',
    help: 'Attempts to deliver an alert to a webhook, by what became of them.',
    labels: ['outcome'],
  });
  const { boundProject = () => null, describe = [] } = options;
  const nudge = (): void => options.nudge(JOB);
  return {
    routes: [
      ...alertRoutes({ ...options, settings, nudge, boundProject }),
      ...webhookRoutes({ ...options, settings, nudge, boundProject }),
    ],
    jobs: [
      job({
        name: 'trust.relay',
        everyMs: settings.relayEveryMs,
        due: { inMs: () => outboxDue('events'), atLeastEveryMs: 60_000 },
        runsOn: 'every-replica',
        converges: 'what happened is on its way to the webhooks that ask for it',
        ifItNeverRuns: 'webhooks are told of alerts alone',
        run: (signal) => relayEvents({ ...options, describe, settings }, signal),
      }),
      job({
        name: JOB,
        everyMs: settings.sendEveryMs,
        due: { inMs: () => outboxDue('alerts'), atLeastEveryMs: 60_000 },
        runsOn: 'every-replica',
        converges: 'every alert has reached the webhooks that want it, or was tried often enough',
        ifItNeverRuns: 'nobody is told of anomalies who does not look',
        run: (signal) => deliverAlerts({ ...options, settings, deliveries }, signal),
      }),
    ],
  };
}
