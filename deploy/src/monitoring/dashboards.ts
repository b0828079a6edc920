import { OBJECTIVES } from './objectives.ts';
import type { Dashboard, Panel } from './panel.ts';

const rate = (metric: string, by: string, matches = ''): string =>
  `sum by (${by}) (rate(${metric}${matches}[$__rate_interval]))`;
const percentile = (share: number, histogram: string, by = '', matches = ''): string =>
  `histogram_quantile(${share}, sum by (le${by === '' ? '' : `, ${by}`}) (rate(${histogram}_bucket${matches}[$__rate_interval])))`;
/** Every replica tells the whole of these. */
const whole = (metric: string, by: string): string => `max by (${by}) (${metric})`;
const number = (title: string, unit: string, expr: string): Panel => ({
  title,
  unit,
  kind: 'stat',
  queries: [[expr, title]],
});
const graph = (title: string, unit: string, ...queries: Panel['queries']): Panel => ({
  title,
  unit,
  queries,
});

export const DASHBOARDS: readonly Dashboard[] = [
  {
    uid: 'sagewai-overview',
    title: 'Sagewai: overview',
    panels: [
      number('Servers up', 'none', 'sum(up{job="sagewai-server"})'),
      number('Runs that wait', 'none', 'sum(max by (pool, model) (sagewai_pending_runs))'),
      number('Workers', 'none', 'sum(max by (pool) (sagewai_pool_workers))'),
      number(
        'Spent in 24 hours',
        'currencyUSD',
        'sum(increase(sagewai_model_spend_usd_total[24h]))',
      ),
      graph('Requests', 'reqps', [rate('sagewai_http_requests_total', 'status'), '{{status}}']),
      graph('Requests under way', 'none', [
        'sum by (instance) (sagewai_http_requests_in_flight)',
        '{{instance}}',
      ]),
      graph('Runs that ended', 'ops', [rate('sagewai_run_duration_count', 'status'), '{{status}}']),
      graph('Connections to the database', 'none', [
        'sum by (pool, state) (sagewai_database_connections)',
        '{{pool}} {{state}}',
      ]),
      graph('Statements', 'ops', [rate('sagewai_database_statements_total', 'pool'), '{{pool}}']),
      graph('Background work that failed', 'ops', [
        rate('sagewai_job_runs_total', 'exported_job', '{outcome="failed"}'),
        '{{exported_job}}',
      ]),
    ],
  },
  {
    uid: 'sagewai-fleet',
    title: 'Sagewai: fleet',
    panels: [
      graph('Runs that wait', 'none', [
        whole('sagewai_pending_runs', 'pool, model'),
        '{{pool}} {{model}}',
      ]),
      graph('The one that waits longest', 's', [
        whole('sagewai_pending_oldest_seconds', 'pool, model'),
        '{{pool}} {{model}}',
      ]),
      graph(
        'Why runs wait',
        'none',
        [whole('sagewai_blocked_runs', 'pool, reason'), '{{pool}} {{reason}}'],
        [whole('sagewai_pending_runs_unmatchable', 'pool'), '{{pool}}: no worker fits'],
      ),
      graph(
        'Slots',
        'none',
        [whole('sagewai_pool_slots', 'pool'), '{{pool}}: slots'],
        [whole('sagewai_pool_active_runs', 'pool'), '{{pool}}: taken'],
      ),
      graph('Load of workers', 'percentunit', [
        whole('sagewai_worker_load', 'worker, pool'),
        '{{pool}} {{worker}}',
      ]),
      graph(
        'How long runs take',
        's',
        [percentile(0.5, 'sagewai_run_duration', 'pool'), '{{pool}} median'],
        [percentile(0.95, 'sagewai_run_duration', 'pool'), '{{pool}} 95 %'],
      ),
      graph('Anomalies', 'none', [
        'sum by (kind) (increase(sagewai_worker_anomalies_total[$__rate_interval]))',
        '{{kind}}',
      ]),
      graph('Runs that stall', 'none', [
        'sum by (pool) (increase(sagewai_stalled_runs_total[$__rate_interval]))',
        '{{pool}}',
      ]),
    ],
  },
  {
    uid: 'sagewai-gateway',
    title: 'Sagewai: gateway',
    panels: [
      graph('Model calls', 'reqps', [
        rate('sagewai_model_calls_total', 'provider, status'),
        '{{provider}} {{status}}',
      ]),
      graph(
        'Time of a call',
        's',
        [percentile(0.5, 'sagewai_model_call_seconds', 'provider'), '{{provider}} median'],
        [percentile(0.95, 'sagewai_model_call_seconds', 'provider'), '{{provider}} 95 %'],
      ),
      graph('First piece of a stream', 's', [
        percentile(0.95, 'sagewai_model_first_token_seconds', 'provider'),
        '{{provider}} 95 %',
      ]),
      graph(
        'What the gateway takes itself',
        's',
        [percentile(0.5, 'sagewai_model_overhead_seconds'), 'median'],
        [percentile(0.95, 'sagewai_model_overhead_seconds'), '95 %'],
      ),
      graph('Attempts that failed', 'reqps', [
        rate('sagewai_model_attempts_failed_total', 'provider, because'),
        '{{provider}} {{because}}',
      ]),
      graph(
        'Second attempts',
        'reqps',
        [rate('sagewai_model_retries_total', 'where'), 'retry: {{where}}'],
        [rate('sagewai_model_fallbacks_total', 'because'), 'fallback: {{because}}'],
        [rate('sagewai_model_hedges_total', 'outcome'), 'hedge: {{outcome}}'],
      ),
      graph('Deployments passed over', 'none', [
        'sum by (instance) (sagewai_model_deployments_cooling)',
        '{{instance}}',
      ]),
      graph('Answers that were kept', 'reqps', [
        rate('sagewai_answer_cache_total', 'found'),
        '{{found}}',
      ]),
      graph('Guardrails', 'reqps', [
        rate('sagewai_guardrail_actions_total', 'guardrail, did'),
        '{{guardrail}} {{did}}',
      ]),
    ],
  },
  {
    uid: 'sagewai-money',
    title: 'Sagewai: money',
    panels: [
      graph('Spend an hour', 'currencyUSD', [
        'sum by (provider) (rate(sagewai_model_spend_usd_total[$__rate_interval])) * 3600',
        '{{provider}}',
      ]),
      graph('Tokens', 'ops', [
        rate('sagewai_model_tokens_total', 'provider, direction'),
        '{{provider}} {{direction}}',
      ]),
      graph('Budgets by what is left', 'none', [
        whole('sagewai_ledger_budgets', 'scope, left'),
        '{{scope}} {{left}}',
      ]),
      graph('Refused by a limit', 'reqps', [
        rate('sagewai_ledger_refused_total', 'measure, scope'),
        '{{measure}} {{scope}}',
      ]),
      graph(
        'Booked without being settled',
        'none',
        ['sum(increase(sagewai_ledger_expired_total[$__rate_interval]))', 'expired'],
        [
          'sum(increase(sagewai_ledger_lost_holdings_total[$__rate_interval]))',
          'shares of servers that died',
        ],
        [
          'sum(increase(sagewai_ledger_overruns_total[$__rate_interval]))',
          'beyond their reservation',
        ],
      ),
      graph(
        'How long a commit of money takes',
        's',
        [percentile(0.95, 'sagewai_ledger_batch_seconds', 'kind'), '{{kind}} 95 %'],
        [percentile(0.95, 'sagewai_ledger_journal_write_seconds'), 'journal 95 %'],
      ),
      graph('Only in a journal', 'none', [
        'sum by (instance) (sagewai_ledger_journal_unbooked)',
        '{{instance}}',
      ]),
      number('Budgets that do not add up', 'none', 'max(sagewai_ledger_mismatched_budgets)'),
      graph('Calls without a price', 'none', [
        'sum by (what) (increase(sagewai_model_unpriced_total[$__rate_interval]))',
        '{{what}}',
      ]),
    ],
  },
  {
    uid: 'sagewai-slo',
    title: 'Sagewai: objectives',
    panels: OBJECTIVES.flatMap(({ name, title, target }) => [
      graph(
        `${title} (${target * 100} %)`,
        'percentunit',
        [`sagewai:slo_bad:ratio_rate5m{slo="${name}"}`, 'bad, 5 minutes'],
        [`sagewai:slo_bad:ratio_rate6h{slo="${name}"}`, 'bad, 6 hours'],
        [`vector(${Number((1 - target).toFixed(6))})`, 'allowed'],
      ),
      graph(`${title}: how fast its budget burns`, 'none', [
        `sagewai:slo_bad:ratio_rate1h{slo="${name}"} / ${Number((1 - target).toFixed(6))}`,
        'times as fast as allowed, 1 hour',
      ]),
    ]),
  },
];
