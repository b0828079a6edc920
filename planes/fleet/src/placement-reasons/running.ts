import type { Reason } from './reason.ts';

export const running: Reason = {
  code: 'running',
  explain: ({ state, workerName, cancelRequested }) => {
    if (state !== 'running') return null;
    const told = cancelRequested ? ', which is told to stop it' : '';
    return `It is running, on ${workerName ?? 'a worker'}${told}.`;
  },
};
