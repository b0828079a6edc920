export interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly wait: string;
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  readonly description: string;
}

/** Every replica tells the whole of these: the greatest, never the sum. */
const whole = (metric: string, by: string): string => `max by (${by}) (${metric})`;

const anomaly = (name: string, kind: string, summary: string, description: string): Alert => ({
  name,
  expr: `sum(increase(sagewai_worker_anomalies_total{kind="${kind}"}[10m])) > 0`,
  wait: '0m',
  severity: 'ticket',
  summary,
  description,
});

const SERVER: readonly Alert[] = [
  {
    name: 'ServerDown',
    expr: 'up{job="sagewai-server"} == 0',
    wait: '2m',
    severity: 'page',
    summary: 'A server does not answer.',
    description: '{{ $labels.instance }} has not been scraped for two minutes.',
  },
  {
    name: 'NoServer',
    expr: 'absent(up{job="sagewai-server"} == 1)',
    wait: '1m',
    severity: 'page',
    summary: 'No server answers at all.',
    description: 'Runs wait, and model calls fail.',
  },
  {
    name: 'DatabaseSaturated',
    expr: 'sum by (instance, pool) (sagewai_database_connections{state="waiting"}) > 5',
    wait: '5m',
    severity: 'ticket',
    summary: 'Requests wait for a connection to the database.',
    description: '{{ $value }} callers of the pool {{ $labels.pool }} at {{ $labels.instance }}.',
  },
  {
    name: 'JobsFail',
    expr: 'sum by (exported_job) (increase(sagewai_job_runs_total{outcome="failed"}[30m])) > 3',
    wait: '10m',
    severity: 'ticket',
    summary: 'Background work keeps failing.',
    description:
      'The job {{ $labels.exported_job }} failed {{ $value | humanize }} times in half an hour.',
  },
  {
    name: 'RedisDown',
    expr: 'min(sagewai_redis_up) == 0',
    wait: '10m',
    severity: 'ticket',
    summary: 'Redis is not heard: wakes between servers are slower.',
    description: 'Nothing is lost without it.',
  },
  {
    name: 'AuditNotShipped',
    expr: 'max(sagewai_audit_shipping_lag_entries) > 10000',
    wait: '15m',
    severity: 'ticket',
    summary: 'A sink of the audit log is far behind.',
    description: '{{ $value | humanize }} entries are not there yet.',
  },
];

const FLEET: readonly Alert[] = [
  anomaly(
    'WorkerClaimsTooMuch',
    'rate_limit',
    'A worker claims more than it can do.',
    'More than 60 claims in a minute: perhaps it is no worker.',
  ),
  anomaly(
    'WorkerFailsOften',
    'excessive_failures',
    'A worker fails most of what it does.',
    'More than 10 failures in an hour.',
  ),
  anomaly(
    'WorkerSilent',
    'heartbeat_timeout',
    'A worker has not been heard for five minutes.',
    'Its runs went back to the queue.',
  ),
  anomaly(
    'WorkerModelMismatch',
    'model_mismatch',
    'A worker claims runs of models that it cannot serve.',
    'It said it has a model, and reported that it has not.',
  ),
  {
    name: 'RunsWaitLong',
    expr: `${whole('sagewai_pending_oldest_seconds', 'pool, model')} > 600`,
    wait: '5m',
    severity: 'ticket',
    summary: 'Runs have waited for a worker for ten minutes.',
    description:
      'Pool {{ $labels.pool }}, model {{ $labels.model }}: {{ $value | humanizeDuration }}.',
  },
  {
    name: 'RunsUnmatchable',
    expr: `${whole('sagewai_pending_runs_unmatchable', 'pool, model')} > 0`,
    wait: '15m',
    severity: 'ticket',
    summary: 'No worker can serve some of the runs that wait.',
    description: '{{ $value }} runs in the pool {{ $labels.pool }} for {{ $labels.model }}.',
  },
  {
    name: 'RunsStall',
    expr: 'sum by (pool) (increase(sagewai_stalled_runs_total[30m])) > 2',
    wait: '0m',
    severity: 'ticket',
    summary: 'Runs make no progress while their workers live.',
    description: '{{ $value | humanize }} runs of the pool {{ $labels.pool }} in half an hour.',
  },
  {
    name: 'RunsFail',
    expr: 'sum by (pool) (rate(sagewai_run_duration_count{status="failed"}[15m])) / sum by (pool) (rate(sagewai_run_duration_count[15m])) > 0.2 and sum by (pool) (increase(sagewai_run_duration_count[15m])) > 10',
    wait: '5m',
    severity: 'ticket',
    summary: 'One run in five fails.',
    description: 'Pool {{ $labels.pool }}: {{ $value | humanizePercentage }}.',
  },
];

const MONEY: readonly Alert[] = [
  {
    name: 'BudgetNearlySpent',
    expr: `${whole('sagewai_ledger_budgets{left="little"}', 'scope')} > 0`,
    wait: '5m',
    severity: 'ticket',
    summary: 'Less than a tenth of some budgets is left.',
    description: '{{ $value }} budgets of the scope {{ $labels.scope }}.',
  },
  {
    name: 'BudgetSpent',
    expr: `${whole('sagewai_ledger_budgets{left="none"}', 'scope')} > 0`,
    wait: '1m',
    severity: 'page',
    summary: 'Some budgets are spent: their calls are refused.',
    description: '{{ $value }} budgets of the scope {{ $labels.scope }}.',
  },
  {
    name: 'LedgerMismatch',
    expr: 'max(sagewai_ledger_mismatched_budgets) > 0',
    wait: '0m',
    severity: 'page',
    summary: 'A balance is not the sum of its rows.',
    description: '{{ $value }} budgets. Limits may be wrong until it is known why.',
  },
  {
    name: 'ModelUnpriced',
    expr: 'sum by (what) (increase(sagewai_model_unpriced_total[1h])) > 0',
    wait: '0m',
    severity: 'ticket',
    summary: 'Models are called whose price nobody knows.',
    description: '{{ $value | humanize }} calls in an hour: {{ $labels.what }}.',
  },
  {
    name: 'SpendUnknown',
    expr: 'sum(increase(sagewai_ledger_expired_total[30m])) > 10',
    wait: '0m',
    severity: 'ticket',
    summary: 'Calls are booked as spent because nobody settled them.',
    description:
      '{{ $value | humanize }} in half an hour: a server or workers die in the middle of calls.',
  },
  {
    name: 'JournalFallsBack',
    expr: 'sum by (instance, why) (increase(sagewai_ledger_journal_fallbacks_total[15m])) > 0',
    wait: '5m',
    severity: 'ticket',
    summary: 'The journal of settlements cannot be written: calls wait for the database.',
    description: '{{ $labels.instance }}: {{ $labels.why }}. No money is lost.',
  },
];

const GATEWAY: readonly Alert[] = [
  {
    name: 'ProviderFails',
    expr: 'sum by (provider) (rate(sagewai_model_attempts_failed_total[10m])) / (sum by (provider) (rate(sagewai_model_attempts_failed_total[10m])) + sum by (provider) (rate(sagewai_model_calls_total[10m]))) > 0.25',
    wait: '5m',
    severity: 'ticket',
    summary: 'One attempt in four at a provider fails.',
    description: '{{ $labels.provider }}: {{ $value | humanizePercentage }}.',
  },
  {
    name: 'ModelsFileUnusable',
    expr: 'sum by (instance) (increase(sagewai_models_file_loads_total{outcome="refused"}[15m])) > 0',
    wait: '0m',
    severity: 'ticket',
    summary: 'The models file was changed to one that cannot be used.',
    description: '{{ $labels.instance }} goes on with the former one.',
  },
];

/** By the group of rules that they are in. */
export const ALERTS: Readonly<Record<string, readonly Alert[]>> = {
  'sagewai-server': SERVER,
  'sagewai-fleet': FLEET,
  'sagewai-gateway': GATEWAY,
  'sagewai-money': MONEY,
};
