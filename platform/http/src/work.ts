import type { Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';

/** H9. What is done for a request is waited for, also when its caller has gone; health never holds up an end. */
export function work({ plan }: Exchange, { drain }: Pipeline, doing: Promise<void>): void {
  if (!plan.isHealth) drain.during(doing);
}
