import type { Reason } from './reason.ts';

export const running: Reason = {
  code: 'running',
  explain: ({ state, workerName }) =>
    state === 'running' ? `It is running, on ${workerName ?? 'a worker'}.` : null,
};
