import type { RunState } from '@sagewai/wire';

export const STATES = [
  'queued',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly RunState[];

/** The filters of the list of runs, as they stand in its address. */
export interface RunSearch {
  readonly state?: RunState;
}

export function readRunSearch(search: Record<string, unknown>): RunSearch {
  const state = STATES.find((each) => each === search['state']);
  return state === undefined ? {} : { state };
}
