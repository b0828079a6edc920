import { plural, type Reason } from './reason.ts';

/** F7. As many have started as may start within the time. */
export const rateLimited: Reason = {
  code: 'rate_limited',
  explain: ({ state, scheduledFor, bindings }) => {
    if (state !== 'queued' || scheduledFor !== null) return null;
    const parts = bindings
      .filter(({ held }) => held === 'rate')
      .map(({ pool, projectId, startsMax, startsPerMs }) => {
        const ofProject = projectId === null ? '' : ' of its project';
        const inPool = pool === null ? '' : ` in pool ${pool}`;
        const starts = `${plural(startsMax ?? 0, 'run')}${ofProject}${inPool}`;
        const isOne = startsMax === 1;
        const seconds = plural((startsPerMs ?? 0) / 1_000, 'second');
        return `${starts} ${isOne ? 'has' : 'have'} started within ${seconds}, and no more may`;
      });
    return parts.length === 0 ? null : `${parts.join('; ')}.`;
  },
};
