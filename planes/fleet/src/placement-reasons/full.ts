import { matching, type Reason } from './reason.ts';

export const full: Reason = {
  code: 'full',
  explain: (facts) => {
    const live = matching(facts).filter(({ lacks }) => lacks.every(({ code }) => code === 'full'));
    if (facts.state !== 'queued' || live.length === 0) return null;
    if (live.some(({ worker }) => worker.active < worker.max)) return null;
    return live.length === 1
      ? 'The one worker that matches is full.'
      : `All ${live.length} workers that match are full.`;
  },
};
