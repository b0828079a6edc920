import { plural, type Reason } from './reason.ts';

/** F7. As many run as may run at once. */
export const capped: Reason = {
  code: 'capped',
  explain: ({ state, scheduledFor, bindings }) => {
    if (state !== 'queued' || scheduledFor !== null) return null;
    const parts = bindings
      .filter(({ held }) => held === 'cap')
      .map(({ key, maxRunning }) => {
        const whose = key === null ? 'its project' : `the concurrency key ${key}`;
        const runs = plural(maxRunning ?? 0, 'run');
        return `${runs} of ${whose} ${maxRunning === 1 ? 'is' : 'are'} running, and no more may`;
      });
    return parts.length === 0 ? null : `${parts.join('; ')}.`;
  },
};
