import type { Metrics } from '@sagewai/telemetry';
import type { ProblemCode } from '@sagewai/wire';

/** What is counted for one endpoint. */
export interface RouteMeter {
  /** `status` is null when the caller left before the answer was complete. */
  answered(status: number | null, seconds: number): void;
  /** Fields that no schema names, on a surface that drops them. */
  dropped(fields: number): void;
  /** A refusal, and whether the audit log has it or its recording was suppressed. */
  refused(code: ProblemCode, isRecorded: boolean): void;
}

export interface HttpMeters {
  route(endpointId: string): RouteMeter;
  /** Requests that reached no endpoint: unknown paths and methods, broken HTTP. */
  unroutable(status: number): void;
}

/** From a look-up in memory to a long poll. */
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
];

/** Series are looked up once for each endpoint and status class, not once for each request. */
export function createHttpMeters(metrics: Metrics): HttpMeters {
  const requests = metrics.counter({
    name: 'sagewai_http_requests_total',
    help: 'Requests answered, by the class of their status; `gone` when the caller left before.',
    labels: ['endpoint', 'status'],
  });
  const durations = metrics.histogram({
    name: 'sagewai_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labels: ['endpoint'],
    buckets: SECONDS,
  });
  const unknownFields = metrics.counter({
    name: 'sagewai_http_unknown_fields_total',
    help: 'Fields that were dropped because no schema names them.',
    labels: ['endpoint'],
  });
  const refusals = metrics.counter({
    name: 'sagewai_http_refusals_total',
    help: 'Failures that belong into the audit log, and whether they are there or were suppressed.',
    labels: ['endpoint', 'code', 'audit'],
  });
  return {
    route: (endpoint) => {
      const byClass = new Map<string, { add(): void }>();
      const duration = durations.with({ endpoint });
      return {
        answered: (code, seconds) => {
          const status = classOf(code);
          const series = byClass.get(status) ?? requests.with({ endpoint, status });
          byClass.set(status, series);
          series.add();
          duration.observe(seconds);
        },
        dropped: (fields) => unknownFields.add({ endpoint }, fields),
        refused: (code, isRecorded) =>
          refusals.add({ endpoint, code, audit: isRecorded ? 'recorded' : 'suppressed' }),
      };
    },
    unroutable: (code) => requests.add({ endpoint: 'none', status: classOf(code) }),
  };
}

function classOf(status: number | null): string {
  return status === null ? 'gone' : `${Math.floor(status / 100)}xx`;
}
