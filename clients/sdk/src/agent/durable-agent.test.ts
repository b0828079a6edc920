import { scriptedProvider } from '@sagewai/testing/scripted-provider';
import { expect, test } from 'vitest';

import { debate } from '../strategies/index.ts';
import type { Workflow } from '../workflow/index.ts';
import { attempt, Shelf } from '../workflow/workflow-fixture.ts';
import { defineTool, UniversalAgent } from './index.ts';

test.for([0, 1, 2, 3])(
  'an agent whose worker dies after %i steps goes on, and does again the one that was cut off at most',
  async (writesMax) => {
    const keys: (string | null)[] = [];
    // It answers by what it reads, however often it is asked.
    const provider = await scriptedProvider([
      ({ body }, response) => {
        const isSecond = body.messages?.some(({ role }) => role === 'tool') ?? false;
        const tool_calls = [{ id: 'c', function: { name: 'count', arguments: '{}' } }];
        const message = isSecond ? { content: 'One.' } : { tool_calls };
        response.end(JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] }));
      },
    ]);
    const count = defineTool({
      name: 'count',
      description: '',
      parameters: {},
      run: (_, { idempotencyKey }) => keys.push(idempotencyKey),
    });
    const agent = new UniversalAgent({
      name: 'counter',
      config: { inference: { model: 'm', apiBase: provider.url }, tools: [count] },
    });
    const workflow: Workflow<unknown, string> = (ctx) => agent.chat('How many?', { ctx });
    const shelf = new Shelf();
    await attempt(workflow, shelf.open(writesMax));
    const end = await attempt(workflow, shelf.open());
    expect(end).toMatchObject({ kind: 'completed', output: 'One.' });
    expect(provider.asked).toHaveLength(writesMax === 0 || writesMax === 2 ? 3 : 2);
    expect(new Set(keys)).toEqual(new Set(['run:counter tool 1.1 count#0']));
    expect(keys).toHaveLength(writesMax === 1 ? 2 : 1);
    expect(shelf.steps.size).toBe(3);
  },
);

test('branches of a strategy are found again, whichever was first', async () => {
  const delays = [30, 0, 0, 30, 0, 0];
  const provider = await scriptedProvider([
    ({ body }, response) => {
      const choices = [{ message: { content: `${body.model} says so` }, finish_reason: 'stop' }];
      setTimeout(() => response.end(JSON.stringify({ choices })), delays.shift() ?? 0);
    },
  ]);
  const [one, two, judge] = ['one', 'two', 'judge'].map(
    (name) =>
      new UniversalAgent({ name, config: { inference: { model: name, apiBase: provider.url } } }),
  ) as [UniversalAgent, UniversalAgent, UniversalAgent];
  const workflow: Workflow<unknown, string> = async (ctx) =>
    (await debate([one, two], judge, 'Is it?', { ctx })).verdict.text;
  const shelf = new Shelf();
  await attempt(workflow, shelf.open(3));
  expect(await attempt(workflow, shelf.open())).toMatchObject({ output: 'judge says so' });
  expect(shelf.steps.size).toBe(5);
});
