import { inPool, matching, plural, type Reason } from './reason.ts';

/** Only while no worker of the pool may have the run. */
export const noVersion: Reason = {
  code: 'no_version',
  explain: (facts) => {
    const there = inPool(facts);
    if (facts.state !== 'queued' || matching(facts).length > 0 || there.length === 0) return null;
    const lacking = there.flatMap(({ lacks }) => lacks.filter(({ code }) => code === 'version'));
    const [first] = lacking;
    if (first === undefined) return null;
    const { pin } = facts.requirement.routing ?? {};
    const why =
      pin === undefined ? `the pool's ramp has this run for ${first.what}` : `the run pins ${pin}`;
    const { pool } = facts.requirement;
    return `In pool ${pool}, ${lacking.length} of ${plural(there.length, 'worker')} have another version: ${why}.`;
  },
};
