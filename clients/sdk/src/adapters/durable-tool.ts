import type { StepContext } from '../agent/run-options.ts';
import type { StepCall } from '../workflow/context.ts';

/**
 * A function of a tool as a step: done once, however often the agent is run again. It is given the step's
 * `idempotencyKey` to hand on, for the window in which a worker dies after the effect.
 */
export function durableTool<Input, Output>(
  ctx: Pick<StepContext, 'step'>,
  name: string,
  execute: (input: Input, step: StepCall) => Output | Promise<Output>,
): (input: Input) => Promise<Output> {
  return (input) => ctx.step(name, (step) => execute(input, step), { input });
}
