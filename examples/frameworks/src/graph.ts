/** A graph of LangGraph.js whose nodes are steps: it drafts, is judged, and drafts again until the judge is content. */
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { durableNode } from '@sagewai/sdk/adapters';
import { UniversalAgent } from '@sagewai/sdk/agent';
import { defineWorkflow, type WorkflowContext } from '@sagewai/sdk/workflow';

interface GraphInput {
  readonly topic: string;
  readonly model: string;
}

const State = Annotation.Root({
  topic: Annotation<string>(),
  draft: Annotation<string>(),
  verdict: Annotation<string>(),
  rounds: Annotation<number>({ reducer: (one, more) => one + more, default: () => 0 }),
});

const ROUNDS_MAX = 3;

function graphOf(ctx: WorkflowContext, model: string) {
  const ask = (system: string, message: string): Promise<string> =>
    new UniversalAgent({ name: 'node', config: { inference: { model }, system } }).chat(message);
  return new StateGraph(State)
    .addNode(
      'write',
      durableNode(ctx, 'write', async ({ topic, verdict }: typeof State.State) => ({
        draft: await ask('You write one sentence.', `About ${topic}. ${verdict ?? ''}`),
        rounds: 1,
      })),
    )
    .addNode(
      'judge',
      durableNode(ctx, 'judge', async ({ draft }: typeof State.State) => ({
        verdict: await ask('You say "good", or what is wrong.', draft),
      })),
    )
    .addEdge(START, 'write')
    .addEdge('write', 'judge')
    .addConditionalEdges('judge', ({ verdict, rounds }) =>
      verdict === 'good' || rounds >= ROUNDS_MAX ? END : 'write',
    )
    .compile();
}

export const graph = defineWorkflow<
  GraphInput,
  { readonly draft: string; readonly rounds: number }
>(
  'graph',
  {
    type: 'object',
    properties: { topic: { type: 'string' }, model: { type: 'string' } },
    required: ['topic', 'model'],
  },
  async (ctx, { topic, model }) => {
    const { draft, rounds } = await graphOf(ctx, model).invoke({ topic }, { signal: ctx.signal });
    return { draft, rounds };
  },
);
