/** Two steps, of which the second depends on what it is given; it fails for good when it is told to. */
import { defineWorkflow } from '@sagewai/sdk/workflow';

interface Given {
  readonly to: number;
  readonly fail?: boolean;
}

const INPUT = {
  type: 'object',
  required: ['to'],
  properties: { to: { type: 'integer' }, fail: { type: 'boolean' } },
  additionalProperties: false,
};

const adding = defineWorkflow<Given, { sum: number }>(
  'adding',
  INPUT,
  async (ctx, { to, fail = false }) => {
    const base = await ctx.step('read', () => ({ base: 40 }));
    const { sum } = await ctx.step('add', () => {
      if (fail) throw new Error('the sum is not wanted');
      return { sum: base.base + to };
    });
    return { sum };
  },
);

export const workflows = [adding];
