import { AsyncLocalStorage } from 'node:async_hooks';

const patience = new AsyncLocalStorage<number>();

/** Within `work`, a statement may take so long before its connection is given up. For background work. */
export const withPatience = <Output>(ms: number, work: () => Output): Output =>
  patience.run(ms, work);

/** Undefined: as long as the pool says. */
export const patienceMs = (): number | undefined => patience.getStore();
