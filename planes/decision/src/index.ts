export { createDecision, type Decision } from './decision.ts';
export type { DecisionOptions } from './decision-options.ts';
