import type { Reason } from './reason.ts';

export const directed: Reason = {
  code: 'directed',
  explain: ({ state, workerNum, directedTo, directedUntil, movesThen }) => {
    if (state !== 'queued' || workerNum === null) return null;
    const alone = `It is for the worker ${directedTo ?? workerNum} alone`;
    if (directedUntil === null) return `${alone}.`;
    const then = movesThen ? 'any that matches may have it' : 'it fails';
    return `${alone}, until ${directedUntil.toISOString()}; then ${then}.`;
  },
};
