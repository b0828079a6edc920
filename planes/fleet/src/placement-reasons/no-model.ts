import { ANY_MODEL } from '../runs/run.ts';
import { inPool, plural, type Reason } from './reason.ts';

export const noModel: Reason = {
  code: 'no_model',
  explain: (facts) => {
    const { model, pool } = facts.requirement;
    const there = inPool(facts);
    if (facts.state !== 'queued' || model === ANY_MODEL || there.length === 0) return null;
    if (there.some(({ worker }) => worker.models.includes(model))) return null;
    return `None of the ${plural(there.length, 'worker')} in pool ${pool} has the model ${model}.`;
  },
};
