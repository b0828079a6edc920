import type { Route } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Metrics } from '@sagewai/telemetry';

import { outboxDue } from './deliveries.sql.ts';
import { TRUST_DEFAULTS, type TrustSettings } from './settings.ts';
import { shipAudit, type ShippingOptions } from './ship-audit.ts';
import { sinkRoutes } from './sink-routes.ts';

export interface SinksOptions extends Omit<ShippingOptions, 'settings' | 'shipments' | 'onLag'> {
  readonly metrics: Metrics;
  readonly settings?: Partial<TrustSettings>;
  /** Makes a job look now. */
  readonly nudge: (job: string) => void;
}

const JOB = 'trust.ship';

/** Where the log is shipped to: the routes that say where, and the job that brings it there. */
export function createSinks(options: SinksOptions): { routes: Route[]; jobs: Job[] } {
  const { clock, metrics } = options;
  const settings = { ...TRUST_DEFAULTS, ...options.settings };
  const shipments = metrics.counter({
    name: 'sagewai_audit_shipments_total',
    help: 'Batches of the audit log that were sent to a sink, by what became of them.',
    labels: ['outcome'],
  });
  const lags = new Map<string, { readonly entries: number; readonly at: number }>();
  metrics.gauge({
    name: 'sagewai_audit_shipping_lag_entries',
    help: 'Entries of the audit log that the sink furthest behind has not got; 0 where nothing is shipped.',
    collect: (gauge) => {
      // A sink that was not looked at for so long is gone, or is another replica's.
      const since = clock.now().getTime() - settings.shipRetryMaxMs * 2;
      for (const [sink, { at }] of lags) if (at < since) lags.delete(sink);
      gauge.set({}, Math.max(0, ...[...lags.values()].map(({ entries }) => entries)));
    },
  });
  const onLag = (sink: string, entries: number): void => {
    lags.set(sink, { entries, at: clock.now().getTime() });
  };
  return {
    routes: sinkRoutes({ ...options, nudge: () => options.nudge(JOB) }),
    jobs: [
      job({
        name: JOB,
        everyMs: settings.shipEveryMs,
        due: { inMs: () => outboxDue('audit'), atLeastEveryMs: 60_000 },
        runsOn: 'leader',
        converges: 'every sink has acknowledged every entry of its audit log',
        ifItNeverRuns: 'collectors of logs see nothing of the audit log',
        run: (signal) => shipAudit({ ...options, settings, shipments, onLag }, signal),
      }),
    ],
  };
}
