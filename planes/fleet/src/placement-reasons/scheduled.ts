import type { Reason } from './reason.ts';

export const scheduled: Reason = {
  code: 'scheduled',
  explain: ({ state, scheduledFor }) =>
    state === 'queued' && scheduledFor !== null
      ? `It is scheduled for ${scheduledFor.toISOString()}.`
      : null,
};
