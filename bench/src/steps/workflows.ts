/** What the worker of the benchmark runs. */
import { UniversalAgent } from '@sagewai/sdk/agent';
import { defineWorkflow } from '@sagewai/sdk/workflow';

const given = { type: 'object' } as const;

const steps = defineWorkflow<{ readonly count: number }, { readonly ms: readonly number[] }>(
  'bench-steps',
  given,
  async (ctx, { count }) => {
    const ms: number[] = [];
    for (let at = 0; at < count; at += 1) {
      const begunMs = performance.now();
      await ctx.step('step', () => ({ at }));
      ms.push(performance.now() - begunMs);
    }
    return { ms };
  },
);

const agent = defineWorkflow<{ readonly apiBase: string }, string>(
  'bench-agent',
  given,
  (ctx, { apiBase }) => {
    const inference = { model: 'held', apiBase, apiKey: 'none' };
    const held = new UniversalAgent({ name: 'held', config: { inference } });
    return held.chat('Say that you are here.', { ctx });
  },
);

export const workflows = [steps, agent];
