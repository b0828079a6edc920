import { createClient } from '@sagewai/sdk';
import { UniversalAgent } from '@sagewai/sdk/agent';
import { createProjectModels, ProjectContext } from '@sagewai/sdk/context';
import { createNodeSend } from '@sagewai/sdk/node';
import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install, makeKey } from '../harness/installation.ts';

/** A thousandth of a dollar a token: any call is more than the limit. */
const PRICE = { input: 1_000, output: 1_000 };

test('an agent that calls past the gateway is throttled and stopped by the ledger, which has every call of it', async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), { models: [] });
  const { key } = await makeKey(server);
  const client = createClient({ url: server.url, token: key });
  const ledger = createProjectModels(client, { agent: 'coder' });
  const limit = (action: string) =>
    server.askWell('/api/v1/budget/limits/coder?project=default', {
      method: 'PUT',
      body: { max_daily_usd: '0.0001', action, fallback_chain: ['small'] },
    });
  await limit('throttle');
  const notices: string[] = [];
  const agent = new UniversalAgent({
    name: 'coder',
    config: {
      inference: { model: 'big', apiBase: upstream.url, apiKey: 'none' },
      budget: { ledger, prices: { big: PRICE, small: PRICE } },
      hooks: { budget: ({ action, model }) => void notices.push(`${action} ${model}`) },
    },
  });
  const run = () => ProjectContext.run({ projectId: 'default' }, () => agent.run('Say yes.'));
  const action = () =>
    ProjectContext.run(
      { projectId: 'default' },
      async () => (await ledger.checkBudget('big')).action,
    );

  // Nobody could say what it has cost.
  const unpriced = new UniversalAgent({
    name: 'coder',
    config: { ...agent.config, budget: { ledger } },
  });
  await expect(
    ProjectContext.run({ projectId: 'default' }, () => unpriced.run('Say yes.')),
  ).rejects.toThrow('budget.prices does not say');
  expect(upstream.asked('big')).toBe(0);

  const first = await run();
  expect(first).toMatchObject({ end: { kind: 'answered' }, text: 'Yes.' });
  expect(upstream.asked('big')).toBe(1);
  // What was booked is known to every server within a moment.
  await expect.poll(action, { timeout: 15_000 }).toBe('throttle');
  const second = await run();
  expect(second.end).toEqual({ kind: 'answered' });
  expect(notices).toEqual(['throttle small']);
  expect([upstream.asked('big'), upstream.asked('small')]).toEqual([1, 1]);

  await limit('stop');
  await expect.poll(action, { timeout: 15_000 }).toBe('stop');
  expect((await run()).end).toMatchObject({ kind: 'stopped', by: 'budget' });
  expect([upstream.asked('big'), upstream.asked('small')]).toEqual([1, 1]);

  const { spend } = await server.askWell('/api/v1/spend');
  const booked = (spend as { model: string; cost_usd: string }[]).map(({ model, cost_usd }) => [
    model,
    Number(cost_usd),
  ]);
  expect(new Map(booked as [string, number][])).toEqual(
    new Map([
      ['big', first.costUsd],
      ['small', second.costUsd],
    ]),
  );
  expect(first.costUsd).toBeGreaterThan(0.0001);
}, 90_000);

test('an agent that calls past the gateway reserves first, and does not call without (M1)', async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), { models: [] });
  const { key } = await makeKey(server);
  const client = createClient({ url: server.url, token: key });
  const ledger = createProjectModels(client, { agent: 'coder' });
  const runAt = (apiBase: string) =>
    ProjectContext.run({ projectId: 'default' }, () =>
      new UniversalAgent({
        name: 'coder',
        config: {
          inference: { model: 'big', apiBase, apiKey: 'none', attemptsMax: 1 },
          budget: { ledger, prices: { big: PRICE } },
        },
      }).run('Say yes.'),
    );
  const limit = (usdPerDay: string) =>
    server.askWell('/api/v1/budgets/project/default', {
      method: 'PUT',
      body: { usd_per_day: usdPerDay },
    });
  const balance = async () => {
    const { budgets } = await server.askWell('/api/v1/budgets?scope_kind=project');
    const [budget] = budgets as { balances: { settled: string; reserved: string }[] }[];
    const { settled, reserved } = budget?.balances[0] ?? {};
    return { settled: Number(settled), reserved: Number(reserved) };
  };

  // It could cost more than four dollars: 4,096 tokens, which are what it may write.
  await limit('4');
  expect((await runAt(upstream.url)).end).toMatchObject({ kind: 'stopped', by: 'budget' });
  expect(upstream.asked('big')).toBe(0);

  await limit('20');
  const { costUsd } = await runAt(upstream.url);
  expect(upstream.asked('big')).toBe(1);
  expect(await balance()).toEqual({ settled: costUsd, reserved: 0 });

  // Refused, it was not charged; broken off, it may have been.
  await expect(runAt(`${server.url}/nowhere`)).rejects.toThrow('404');
  expect(await balance()).toEqual({ settled: costUsd, reserved: 0 });
  await expect(runAt('http://127.0.0.1:9')).rejects.toThrow('no answer');
  expect((await balance()).reserved).toBeGreaterThan(4);
}, 90_000);

test('an answer whose booking does not arrive is kept, and what was held for it stays held (M3)', async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), { models: [] });
  const { key } = await makeKey(server);
  const send = createNodeSend();
  const client = createClient({
    url: server.url,
    token: key,
    send: (request) =>
      new URL(request.url).pathname.endsWith('/budget/spend')
        ? Promise.reject(new TypeError('the connection is gone'))
        : send(request),
  });
  const budget = {
    ledger: createProjectModels(client, { agent: 'coder' }),
    prices: { big: PRICE },
  };
  const inference = { model: 'big', apiBase: upstream.url, apiKey: 'none' };
  const agent = new UniversalAgent({ name: 'coder', config: { inference, budget } });
  await server.askWell('/api/v1/budgets/project/default', {
    method: 'PUT',
    body: { usd_per_day: '20' },
  });
  const run = await ProjectContext.run({ projectId: 'default' }, () => agent.run('Say yes.'));
  expect([run.end.kind, upstream.asked('big')]).toEqual(['answered', 1]);
  const { budgets } = await server.askWell('/api/v1/budgets?scope_kind=project');
  const [of] = budgets as { balances: { reserved: string }[] }[];
  expect(Number(of?.balances[0]?.reserved)).toBeGreaterThan(run.costUsd);
}, 90_000);
