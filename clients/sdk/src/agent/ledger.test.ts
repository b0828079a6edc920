import { scriptedProvider } from '@sagewai/testing/scripted-provider';
import { expect, test } from 'vitest';

import type { BudgetCheck, SpentElsewhere } from '../context/index.ts';
import { UniversalAgent } from './index.ts';

type Ledger = NonNullable<UniversalAgent['config']['budget']>['ledger'];

test('the ledger is asked before, told after, and says stop or another model', async () => {
  const provider = await scriptedProvider(['Hello']);
  const advice: Partial<BudgetCheck>[] = [
    { allowed: true, action: 'throttle', reason: 'much', fallback_model: 'small' },
    { allowed: false, action: 'stop', reason: 'all of it' },
  ];
  const spent: SpentElsewhere[] = [];
  const ledger = {
    checkBudget: () => Promise.resolve(advice.shift()),
    recordSpend: (one: SpentElsewhere) => Promise.resolve(void spent.push(one)),
  } as unknown as Ledger;
  const notices: unknown[] = [];
  const agent = new UniversalAgent({
    name: 'a',
    config: {
      inference: { model: 'big', apiBase: provider.url },
      budget: { ...(ledger && { ledger }), prices: { small: { input: 1, output: 1 } } },
      hooks: { budget: ({ action, model }) => void notices.push([action, model]) },
    },
  });
  expect(await agent.run('Hi')).toMatchObject({ text: 'Hello' });
  expect(provider.asked[0]?.body.model).toBe('small');
  expect(spent).toEqual([{ costUsd: 0.000012, model: 'small', inputTokens: 10, outputTokens: 2 }]);
  expect(notices).toEqual([['throttle', 'small']]);
  expect((await agent.run('Hi')).end).toEqual({
    kind: 'stopped',
    by: 'budget',
    reason: 'all of it',
  });
  advice.push({ allowed: true, action: 'allow' });
  await expect(agent.run('Hi')).rejects.toThrow('budget.prices does not say');
  expect(provider.asked).toHaveLength(1);
});
