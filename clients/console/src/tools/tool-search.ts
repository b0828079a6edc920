import type { ToolCall } from './mode-badge.tsx';

// Told here once more, whole by its type: the contract's list stands beside schemas, which weigh as much as all pages.
const STATES: Record<ToolCall['state'], true> = {
  waiting: true,
  approved: true,
  running: true,
  completed: true,
  failed: true,
  unknown: true,
  denied: true,
};
export const TOOL_CALL_STATES = Object.keys(STATES) as ToolCall['state'][];

/** The filter of calls of tools, as it stands in the address. */
export interface ToolSearch {
  readonly state?: ToolCall['state'];
}

export function readToolSearch(search: Record<string, unknown>): ToolSearch {
  const state = TOOL_CALL_STATES.find((each) => each === search['state']);
  return state === undefined ? {} : { state };
}
