import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const IDLE_MS = 5_000;

/** Gives memory back once a worker has had nothing to do: V8 by itself waits for the next allocation. */
export interface IdleMemory {
  busy(): void;
  idle(): void;
}

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

export function createIdleMemory(): IdleMemory {
  let collect: Collect | undefined;
  let timer: NodeJS.Timeout | undefined;
  const release = (): void => {
    if (collect === undefined) {
      // The function that `--expose-gc` gives; contexts that are made from now on have it.
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as Collect;
    }
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
  return {
    busy: () => clearTimeout(timer),
    idle: () => {
      clearTimeout(timer);
      timer = setTimeout(release, IDLE_MS).unref();
    },
  };
}
