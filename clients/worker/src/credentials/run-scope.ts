import { AsyncLocalStorage } from 'node:async_hooks';

import type { WorkerCredentials } from '@sagewai/sdk';

const scopes = new AsyncLocalStorage<WorkerCredentials>();

/** What is called within `work`, however deep and late, finds these credentials; nothing else does. */
export function withCredentials<T>(credentials: WorkerCredentials, work: () => T): T {
  return scopes.run(credentials, work);
}

/** Of the run that is asking; none outside of runs. */
export const currentCredentials = (): WorkerCredentials => scopes.getStore() ?? {};

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment as the run that asks sees it: its `env_overrides` over `base`. The process's own
 * environment is not touched, so runs with different credentials stand side by side. Spread into an
 * object it is the environment for a child process.
 */
export function runEnvironment(base: Environment): Environment {
  const seen = (): Environment => ({ ...base, ...currentCredentials().env_overrides });
  return new Proxy<Environment>(
    {},
    {
      get: (_, name) => (typeof name === 'string' ? own(seen(), name) : undefined),
      has: (_, name) => Object.hasOwn(seen(), name),
      ownKeys: () => Reflect.ownKeys(seen()),
      getOwnPropertyDescriptor: (_, name) =>
        typeof name === 'string' && Object.hasOwn(seen(), name)
          ? { value: seen()[name], enumerable: true, configurable: true, writable: false }
          : undefined,
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    },
  );
}

const own = (environment: Environment, name: string): string | undefined =>
  Object.hasOwn(environment, name) ? environment[name] : undefined;
