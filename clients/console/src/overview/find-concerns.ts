import type { CallOutput } from '@sagewai/sdk';

import { percent, shortCount } from '../format/numbers.ts';
import type { Tone } from '../ui/badge.tsx';

export interface Concern {
  readonly key: string;
  readonly tone: Tone;
  readonly what: string;
  readonly why: string;
  /** Where its cause is. */
  readonly to: string;
}

export interface Seen {
  readonly workers: CallOutput<'fleet.listWorkers'>['workers'];
  readonly queues: CallOutput<'fleet.listPending'>['queues'];
  readonly waiting: CallOutput<'runs.listRuns'>['runs'];
  readonly calls: CallOutput<'tools.listToolCalls'>['calls'];
  readonly stalled: CallOutput<'fleet.listStalled'>['runs'];
  readonly dead: CallOutput<'fleet.listDeadLetters'>['dead_letters'];
  readonly budgets: CallOutput<'ledger.listBudgets'>['budgets'];
  readonly anomalies: CallOutput<'fleet.listAnomalies'>['anomalies'];
}

const NEARLY_SPENT = 0.8;
/** The page of approvals has all of them. */
const CALLS_MAX = 5;

/** The weightiest first. */
export function findConcerns(seen: Seen): readonly Concern[] {
  // Those that wait for a call of a tool are told of by the call.
  const byCall = new Set(seen.calls.map(({ run_id: id }) => id));
  const waits = seen.waiting.filter(({ id }) => !byCall.has(id)).length;
  const runs = (count: number): string => (count === 1 ? '1 run' : `${shortCount(count)} runs`);
  return [
    ...seen.queues
      .filter(({ unmatchable }) => unmatchable)
      .map(({ pool, model, pending, reason }, index) => ({
        key: `queue ${index}`,
        tone: 'bad' as const,
        what: 'nobody can serve it',
        why: `${runs(pending)} in ${pool}${model === null ? '' : ` for ${model}`}: ${reason ?? 'no worker matches'}`,
        to: '/fleet/queues',
      })),
    ...seen.budgets.flatMap(concernsOfBudget),
    ...seen.workers
      .filter(({ status }) => status === 'pending' || status === 'locked')
      .map(({ id, name, status, reason }) => ({
        key: `worker ${id}`,
        tone: 'warn' as const,
        what: status === 'pending' ? 'worker waits' : 'worker is locked',
        why: `${name}${reason === null ? ' asks to be approved' : `: ${reason}`}`,
        to: '/fleet/workers',
      })),
    ...seen.calls.slice(0, CALLS_MAX).map(({ id, tool, requested_by: by }) => ({
      key: `call ${id}`,
      tone: 'warn' as const,
      what: 'somebody must decide',
      why: `a call of ${tool} for ${by}`,
      to: '/approvals',
    })),
    ...(waits === 0
      ? []
      : [
          {
            key: 'waiting',
            tone: 'warn' as const,
            what: 'somebody must decide',
            why: `${runs(waits)} ${waits === 1 ? 'waits' : 'wait'} for a person or a signal`,
            to: '/approvals',
          },
        ]),
    ...seen.stalled.map(({ run_id: id, worker_name: name }) => ({
      key: `stalled ${id}`,
      tone: 'warn' as const,
      what: 'no progress',
      why: `a run on ${name} says nothing`,
      to: `/runs/${id}`,
    })),
    ...seen.anomalies.map(({ id, kind, observed, allowed }) => ({
      key: `anomaly ${id}`,
      tone: 'warn' as const,
      what: 'anomaly',
      why: `${kind.replaceAll('_', ' ')}: ${observed}, and ${allowed} are allowed`,
      to: '/fleet/anomalies',
    })),
    ...(seen.dead.length === 0
      ? []
      : [
          {
            key: 'dead',
            tone: 'bad' as const,
            what: 'dead letters',
            why: `${runs(seen.dead.length)} that nobody will try again`,
            to: '/fleet/dead-letters',
          },
        ]),
  ];
}

const IN_PERIOD: Readonly<Record<Seen['budgets'][number]['balances'][number]['period'], string>> = {
  minute: 'in a minute',
  hour: 'in an hour',
  day: 'in a day',
  week: 'in a week',
  month: 'in a month',
  '30_days': 'in 30 days',
  total: 'in all',
};

function concernsOfBudget({
  scope_kind: kind,
  scope_id: id,
  balances,
}: Seen['budgets'][number]): Concern[] {
  return balances.flatMap(({ measure, period, limit, settled, reserved }) => {
    const used = (Number(settled) + Number(reserved)) / Number(limit);
    // A minute is empty again before anybody has looked.
    if (period === 'minute' || !(used >= NEARLY_SPENT)) return [];
    return [
      {
        key: `budget ${kind} ${id} ${measure} ${period}`,
        tone: used >= 1 ? ('bad' as const) : ('warn' as const),
        what: used >= 1 ? 'budget is spent' : 'budget is nearly spent',
        why: `${percent(used)} of what the ${kind} may use ${IN_PERIOD[period]}`,
        to: '/budgets',
      },
    ];
  });
}
