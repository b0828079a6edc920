import { matching, type Reason } from './reason.ts';

export const draining: Reason = {
  code: 'draining',
  explain: (facts) => {
    const some = matching(facts).filter(({ worker }) => worker.isHeard);
    if (facts.state !== 'queued' || some.length === 0) return null;
    return some.every(({ worker }) => worker.isDraining)
      ? 'Every worker that matches is draining.'
      : null;
  },
};
