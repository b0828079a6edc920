import type { LateSettlement } from './charged-call.ts';

/** Whether a call used more than was reserved for it. */
export const isOver = ({
  call,
  settlement,
}: Pick<LateSettlement, 'call' | 'settlement'>): boolean =>
  (settlement.costPusd ?? 0n) > call.amountPusd ||
  settlement.inputTokens + settlement.outputTokens > call.needs[1];
