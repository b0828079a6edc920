/**
 * Whether a person answers it: children end by themselves, and what waits for a call of a tool is told by the call's
 * own decision.
 */
export const isAnswered = (waiting: { readonly for: string; readonly name: string }): boolean =>
  waiting.for === 'approval' || (waiting.for === 'signal' && !waiting.name.startsWith('tool:'));
