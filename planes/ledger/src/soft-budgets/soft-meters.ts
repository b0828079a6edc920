import type { Metrics } from '@sagewai/telemetry';

import type { SoftAction } from './soft-limit.ts';

export interface SoftMeters {
  judged(action: SoftAction): void;
  unread(passed: 'open' | 'closed'): void;
}

export function createSoftMeters(metrics: Metrics): SoftMeters {
  const judged = metrics.counter({
    name: 'sagewai_soft_budget_exceeded_calls_total',
    help: 'Calls of agents that are over a soft limit, by what it does to them.',
    labels: ['action'],
  });
  const unread = metrics.counter({
    name: 'sagewai_soft_budget_unread_calls_total',
    help: 'Calls whose soft limits could not be read, by whether they passed (open) or not (closed).',
    labels: ['policy'],
  });
  return {
    judged: (action) => judged.add({ action }),
    unread: (policy) => unread.add({ policy }),
  };
}
