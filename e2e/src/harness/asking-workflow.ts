/** Asks a person whether it may, and then for how much. */
import { defineWorkflow } from '@sagewai/sdk/workflow';

const asking = defineWorkflow<unknown, unknown>(
  'asking',
  (input) => input,
  async (ctx) => {
    const may = await ctx.waitFor({ approval: 'refund', prompt: 'Refund the order 17?' });
    if (may.kind !== 'approved') return { may: may.kind };
    const told = await ctx.waitFor({ signal: 'amount' });
    return { may: may.kind, told: told.kind === 'signal' ? told.value : null };
  },
);

export const workflows = [asking];
