import type { NewRun, RunRoute } from '../runs/run.ts';
import type { Direction } from './directions.ts';

export interface DirectedLine {
  readonly sq: number;
  readonly direction: Direction;
}

/** The run in line for one worker; `run` as it would stand in line for all that match. */
export function directed(run: NewRun, line: DirectedLine | null): NewRun {
  if (line === null) return run;
  const { waitMs, fallback, stickyKey } = line.direction;
  const route: RunRoute = {
    wait_ms: waitMs,
    ...(fallback === 'any' ? { move_to: run.sq } : {}),
    ...(stickyKey === null ? {} : { sticky_key: stickyKey }),
  };
  return { ...run, sq: line.sq, plan: { ...run.plan, route } };
}
