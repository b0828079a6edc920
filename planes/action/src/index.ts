export { createAction, type Action } from './action.ts';
export { ACTION_DEFAULTS, type ActionOptions, type ActionSettings } from './action-options.ts';
export type { Asking, Offered, Offers } from './mcp/offers.ts';
export { toolContext } from './credentials.ts';
export { callContext } from './keep-contents.ts';
export {
  listRunToolCalls,
  markRunToolCalls,
  type RunToolCall,
  type RunToolCallMark,
  type RunToolCallPlace,
} from './run-tool-calls.sql.ts';
