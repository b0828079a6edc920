import type { Reason } from './reason.ts';

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);

export const ended: Reason = {
  code: 'ended',
  explain: ({ state, isDeadLetter }) => {
    if (!ENDS.has(state)) return null;
    return isDeadLetter
      ? 'It has failed and is a dead letter: redrive it to try again.'
      : `It has ended: ${state}.`;
  },
};
