import type { Environment } from './credentials/run-scope.ts';

/** A program that makes a worker has its own beginning, and is promised that a worker's variables are honoured. */
export const readEnvironment = (): Environment =>
  // oxlint-disable-next-line no-restricted-properties -- See above.
  process.env;
