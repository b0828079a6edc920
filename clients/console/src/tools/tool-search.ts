import { TOOL_CALL_STATES } from '@sagewai/wire';

import type { ToolCall } from './mode-badge.tsx';

/** The filter of calls of tools, as it stands in the address. */
export interface ToolSearch {
  readonly state?: ToolCall['state'];
}

export function readToolSearch(search: Record<string, unknown>): ToolSearch {
  const state = TOOL_CALL_STATES.find((each) => each === search['state']);
  return state === undefined ? {} : { state };
}
