import type { Metrics } from '@sagewai/telemetry';

import type { Refusal, Settled } from './call.ts';
import type { BudgetsLeft } from './check-ledger.sql.ts';

export interface LedgerMeters {
  batch(kind: 'reserve' | 'settle'): (size: number, seconds: number) => void;
  /** What a call waited for. */
  waitedMs(kind: 'reserve' | 'settle', ms: number): void;
  refused(refusal: Refusal): void;
  settled(settled: Settled): void;
  /** Asked before each rendering. */
  queue(kind: 'reserve' | 'settle', length: () => number): void;
}

const PICO = 1e12;

export function createMeters(metrics: Metrics): LedgerMeters {
  const batchSize = metrics.histogram({
    name: 'sagewai_ledger_batch_size',
    help: 'Calls reserved or settled by one commit.',
    labels: ['kind'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  });
  const batchSeconds = metrics.histogram({
    name: 'sagewai_ledger_batch_seconds',
    help: 'How long a commit of reservations or settlements took.',
    labels: ['kind'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10],
  });
  const waits = metrics.histogram({
    name: 'sagewai_ledger_wait_seconds',
    help: 'How long a call waited for its reservation, and before its end for its settlement.',
    labels: ['kind'],
    buckets: [0.00005, 0.0001, 0.0003, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 5],
  });
  const waited = {
    reserve: waits.with({ kind: 'reserve' }),
    settle: waits.with({ kind: 'settle' }),
  };
  const refusals = metrics.counter({
    name: 'sagewai_ledger_refused_total',
    help: 'Calls refused because a limit was reached.',
    labels: ['measure', 'period', 'scope'],
  });
  const overruns = metrics.counter({
    name: 'sagewai_ledger_overruns_total',
    help: 'Calls that used more than they had reserved.',
  });
  const overrunUsd = metrics.counter({
    name: 'sagewai_ledger_overrun_usd_total',
    help: 'What calls cost beyond their reservations.',
  });
  const lengths = new Map<'reserve' | 'settle', () => number>();
  metrics.gauge({
    name: 'sagewai_ledger_queue_length',
    help: 'Calls that wait for the commit under way.',
    labels: ['kind'],
    collect: (gauge) => {
      for (const [kind, length] of lengths) gauge.set({ kind }, length());
    },
  });
  return {
    batch: (kind) => {
      const sizes = batchSize.with({ kind });
      const seconds = batchSeconds.with({ kind });
      return (size, took) => {
        sizes.observe(size);
        seconds.observe(took);
      };
    },
    waitedMs: (kind, ms) => waited[kind].observe(ms / 1000),
    refused: ({ because, period, scope }) =>
      refusals.add({ measure: because, period, scope: scope.kind }),
    settled: (settled) => {
      if (settled.kind !== 'settled') return;
      if (settled.overrunPusd > 0n || settled.overrunTokens > 0) overruns.add({});
      if (settled.overrunPusd > 0n) overrunUsd.add({}, Number(settled.overrunPusd) / PICO);
    },
    queue: (kind, length) => void lengths.set(kind, length),
  };
}

export interface LedgerJobMeters {
  expired(count: number): void;
  lost(count: number): void;
  mismatched(count: number): void;
  /** Of every organization. */
  left(budgets: readonly BudgetsLeft[]): void;
}

export function createJobMeters(metrics: Metrics): LedgerJobMeters {
  const expirations = metrics.counter({
    name: 'sagewai_ledger_expired_total',
    help: 'Reservations booked as spent because nobody settled them.',
  });
  const losses = metrics.counter({
    name: 'sagewai_ledger_lost_holdings_total',
    help: 'Replicas whose shares of an organization were booked as spent because they expired.',
  });
  const mismatches = metrics.gauge({
    name: 'sagewai_ledger_mismatched_budgets',
    help: 'Budgets whose balance was not the sum of its rows when it was last looked at.',
  });
  const budgets = metrics.gauge({
    name: 'sagewai_ledger_budgets',
    help: 'Limits on money by what is left of them: none, little (under a tenth), some (under half), most.',
    labels: ['scope', 'left'],
  });
  return {
    left: (all) => {
      budgets.reset();
      for (const { scope, left, count } of all) budgets.add({ scope, left }, count);
    },
    expired: (count) => expirations.add({}, count),
    lost: (count) => losses.add({}, count),
    mismatched: (count) => mismatches.set({}, count),
  };
}
