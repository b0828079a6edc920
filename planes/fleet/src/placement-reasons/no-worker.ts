import { inPool, plural, type Reason } from './reason.ts';

export const noWorker: Reason = {
  code: 'no_worker',
  explain: (facts) => {
    if (facts.state !== 'queued' || inPool(facts).length > 0) return null;
    const { pool } = facts.requirement;
    const pending = facts.judged.filter(
      ({ worker }) => worker.pool === pool && worker.state === 'pending',
    ).length;
    const others = facts.judged.filter(({ worker }) => worker.state === 'approved').length;
    const rest =
      pending > 0
        ? ` (${plural(pending, 'worker')} of it ${pending === 1 ? 'waits' : 'wait'} to be approved)`
        : '';
    return `No approved worker is in pool ${pool}${rest}; ${plural(others, 'worker')} in other pools.`;
  },
};
