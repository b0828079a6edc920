import { AsyncLocalStorage } from 'node:async_hooks';

import type { Send } from '@sagewai/sdk';

/** How what comes with the worker reaches the server that a run is from, as that run. */
export interface RunAccess {
  readonly url: string;
  readonly token: string;
  readonly send: Send;
}

const accesses = new AsyncLocalStorage<RunAccess>();

export const withRunAccess = <Output>(access: RunAccess, work: () => Output): Output =>
  accesses.run(access, work);

export function currentRunAccess(): RunAccess {
  const access = accesses.getStore();
  if (access === undefined) throw new Error('nothing is run here');
  return access;
}
