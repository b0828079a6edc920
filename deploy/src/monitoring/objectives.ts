/** What users are promised of a service, as a share of its requests. */
export interface Objective {
  readonly name: string;
  readonly title: string;
  /** 0.9995: one request in two thousand may be bad. */
  readonly target: number;
  /** The share of requests that were bad within a window. */
  bad(window: string): string;
}

const requests = (endpoints: string, window: string, status = ''): string =>
  `sum(rate(sagewai_http_requests_total{endpoint=~"${endpoints}"${status}}[${window}]))`;

const unanswered = (endpoints: string, window: string): string =>
  `${requests(endpoints, window, ',status="5xx"')} / ${requests(endpoints, window)}`;

/** The share that took longer than a bucket's bound. */
const slow = (histogram: string, matches: string, bound: string, window: string): string =>
  `1 - sum(rate(${histogram}_bucket{${matches}le="${bound}"}[${window}])) / sum(rate(${histogram}_count{${matches.replace(/,$/, '')}}[${window}]))`;

const SUBMITS = 'runs.submitRuns?|fleet.submitTasks?';
const CALLS = 'gateway.create.*';

/**
 * The blueprint's objectives that can be measured by what the product tells. A 95th percentile below a bound is the same as
 * 95 % of requests below it. A bound that is no bucket's is measured by the next smaller one.
 */
export const OBJECTIVES: readonly Objective[] = [
  {
    name: 'submit-availability',
    title: 'Runs are accepted',
    target: 0.9995,
    bad: (window) => unanswered(SUBMITS, window),
  },
  {
    name: 'submit-latency',
    title: 'A run is accepted within 100 ms',
    target: 0.95,
    bad: (window) =>
      slow('sagewai_http_request_duration_seconds', `endpoint=~"${SUBMITS}",`, '0.1', window),
  },
  {
    name: 'gateway-availability',
    title: 'Model calls are answered',
    target: 0.9995,
    bad: (window) => unanswered(CALLS, window),
  },
  {
    name: 'gateway-latency',
    title: 'The gateway takes no longer than 100 ms before it asks a provider',
    target: 0.95,
    bad: (window) => slow('sagewai_model_overhead_seconds', '', '0.1', window),
  },
  {
    name: 'ledger-latency',
    title: 'Money is written within 100 ms',
    target: 0.95,
    bad: (window) => slow('sagewai_ledger_batch_seconds', '', '0.1', window),
  },
];

export interface Burn {
  readonly severity: 'page' | 'ticket';
  /** How many times as fast as allowed, over both windows. */
  readonly rate: number;
  readonly long: string;
  readonly short: string;
  readonly wait: string;
}

/** Two windows each: the long one that it matters, the short one that it is still so. Thirty days of budget. */
export const BURNS: readonly Burn[] = [
  { severity: 'page', rate: 14.4, long: '1h', short: '5m', wait: '2m' },
  { severity: 'page', rate: 6, long: '6h', short: '30m', wait: '15m' },
  { severity: 'ticket', rate: 1, long: '3d', short: '6h', wait: '1h' },
];

export const WINDOWS: readonly string[] = ['5m', '30m', '1h', '6h', '3d'];
