import type { Reason } from './reason.ts';

export const paused: Reason = {
  code: 'paused',
  explain: ({ state, bindings }) => {
    if (state !== 'queued') return null;
    const texts = bindings
      .filter(({ held }) => held === 'paused')
      .map(({ pool, projectId }) => {
        if (pool === null) return 'Its project is paused.';
        return projectId === null
          ? `Pool ${pool} is paused.`
          : `Its project is paused in pool ${pool}.`;
      });
    return texts.length === 0 ? null : texts.join(' ');
  },
};
