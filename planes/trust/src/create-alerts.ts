import type { Route } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Metrics } from '@sagewai/telemetry';

import { alertRoutes } from './alert-routes.ts';
import { deliverAlerts, type DeliveryOptions } from './deliver-alerts.ts';
import { outboxDue } from './deliveries.sql.ts';
import { TRUST_DEFAULTS, type TrustSettings } from './settings.ts';

export interface AlertsOptions extends Omit<DeliveryOptions, 'settings' | 'deliveries'> {
  readonly metrics: Metrics;
  readonly settings?: Partial<TrustSettings>;
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
  return {
    routes: alertRoutes({ ...options, settings, nudge: () => options.nudge(JOB) }),
    jobs: [
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
