import type { Reason } from './reason.ts';

export const waiting: Reason = {
  code: 'waiting',
  explain: ({ state, waitsFor }) =>
    state === 'waiting' ? `It waits for ${waitsFor ?? 'a person or a signal'}.` : null,
};
