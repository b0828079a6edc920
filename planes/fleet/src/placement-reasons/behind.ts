import { matching, plural, type Reason } from './reason.ts';

/** A worker could have it: it is not yet its turn. */
export const behind: Reason = {
  code: 'behind',
  explain: (facts) => {
    const { ahead, isAheadCounted, scheduledFor } = facts;
    if (facts.state !== 'queued' || scheduledFor !== null) return null;
    const isHeld = facts.bindings.some(({ held }) => held !== null);
    if (isHeld && ahead === 0) return null;
    const isFree = matching(facts).some(({ lacks }) => lacks.length === 0);
    if (!isFree && ahead === 0) return null;
    const count = `${isAheadCounted ? '' : 'at least '}${plural(ahead, 'run')}`;
    const line = `${count} of its line ${ahead === 1 ? 'comes' : 'come'} before it`;
    return ahead > 0 ? `${line}.` : 'It is next: a worker that matches has room for it.';
  },
};
