import { useSyncExternalStore } from 'react';

/** One value that several places look at, and that is not the server's. */
export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  /** The value, in a component; it is drawn again when the value changes. */
  use(): Value;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial;
  const heard = new Set<() => void>();
  const subscribe = (hear: () => void): (() => void) => {
    heard.add(hear);
    return () => heard.delete(hear);
  };
  const get = (): Value => current;
  return {
    get,
    set: (value) => {
      if (Object.is(value, current)) return;
      current = value;
      for (const hear of heard) hear();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
