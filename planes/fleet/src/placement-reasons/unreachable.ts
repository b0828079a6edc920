import { matching, plural, type Reason } from './reason.ts';

/** P1. Workers that match cannot reach the model at their back ends. */
export const unreachable: Reason = {
  code: 'unreachable',
  explain: (facts) => {
    const some = matching(facts);
    if (facts.state !== 'queued') return null;
    const sick = some.filter(({ lacks }) => lacks.some(({ code }) => code === 'unreachable'));
    if (sick.length === 0) return null;
    const where = `${sick.length} of the ${plural(some.length, 'worker')}`;
    return `The model ${facts.requirement.model} cannot be reached on ${where} that may have it.`;
  },
};
