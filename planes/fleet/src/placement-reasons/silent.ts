import { matching, plural, type Reason } from './reason.ts';

export const silent: Reason = {
  code: 'silent',
  explain: (facts) => {
    const some = matching(facts);
    if (facts.state !== 'queued' || some.length === 0) return null;
    if (some.some(({ worker }) => worker.isHeard || worker.isDraining)) return null;
    return some.length === 1
      ? 'The one worker that matches has not been heard lately.'
      : `None of the ${plural(some.length, 'worker')} that match has been heard lately.`;
  },
};
