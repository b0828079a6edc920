import type { Engine, EngineState } from './engine.ts';

export interface Seen {
  readonly process: 'alive' | 'ended' | 'not ours';
  readonly answers: boolean;
  readonly now: Date;
}

export interface EngineLimits {
  readonly failuresMax: number;
  readonly restartsMax: number;
  /** Models take long to load. */
  readonly startMs: number;
  readonly drainMs: number;
}

export interface Decided {
  readonly state: EngineState;
  readonly failures: number;
  readonly restarts: number;
  readonly problem: string | null;
  readonly act: 'none' | 'start' | 'stop';
}

/** What becomes of an engine after somebody has looked. */
export function decideEngine(engine: Engine, seen: Seen, limits: EngineLimits): Decided {
  const { state, restarts, problem } = engine;
  const forMs = seen.now.getTime() - engine.stateAt.getTime();
  const failures = seen.answers ? 0 : engine.failures + 1;
  const same: Decided = { state, failures, restarts, problem, act: 'none' };
  const isOurs = seen.process !== 'not ours';
  const error = (why: string): Decided => ({ ...same, state: 'ERROR', problem: why, act: 'stop' });
  const again = (why: string): Decided =>
    restarts < limits.restartsMax
      ? { ...same, state: 'STARTING', failures: 0, restarts: restarts + 1, act: 'start' } // N3
      : error(`${why}; it was started again ${restarts} times`);

  switch (state) {
    case 'STOPPED':
      return same;
    case 'ERROR':
      // One that is not ours may come back by itself.
      return !isOurs && seen.answers ? { ...same, state: 'READY', problem: null } : same;
    case 'DRAINING':
      return forMs >= limits.drainMs || seen.process === 'ended'
        ? { ...same, state: 'STOPPED', act: 'stop' }
        : same;
    case 'STARTING':
      if (seen.process === 'ended') return again('its process ended');
      if (seen.answers) return { ...same, state: 'READY' };
      return forMs >= limits.startMs ? error('it did not answer in time after its start') : same;
    case 'READY':
      if (seen.process === 'ended') return again('its process ended');
      if (failures < limits.failuresMax) return same;
      return isOurs ? again('it does not answer any more') : error('it does not answer any more');
  }
}
