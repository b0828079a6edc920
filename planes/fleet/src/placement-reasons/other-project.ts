import { inPool, matching, plural, type Reason } from './reason.ts';

export const otherProject: Reason = {
  code: 'other_project',
  explain: (facts) => {
    if (facts.state !== 'queued' || matching(facts).length > 0) return null;
    const bound = inPool(facts).filter(({ lacks }) => lacks.some(({ code }) => code === 'project'));
    return bound.length === 0
      ? null
      : `${plural(bound.length, 'worker')} of the pool work for another project only.`;
  },
};
