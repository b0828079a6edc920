import type { StepContext } from '../agent/run-options.ts';

/**
 * A node of a graph (LangGraph's, or any function of a state) as a step: a graph that is run again goes through the
 * nodes that have finished without doing them. What a node answers is JSON; what it is given is part of the step, so a graph
 * that comes to it with another state is another program.
 */
export function durableNode<State, Update>(
  ctx: Pick<StepContext, 'step'>,
  name: string,
  node: (state: State) => Update | Promise<Update>,
): (state: State) => Promise<Update> {
  return (state) => ctx.step(name, () => node(state), { input: state });
}
