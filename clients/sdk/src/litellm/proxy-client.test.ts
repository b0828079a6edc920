import { describe, expect, test } from 'vitest';

import type { Outgoing } from '../send.ts';
import { LiteLLMProxyClient } from './proxy-client.ts';

type Answer = readonly [status: number, body: unknown];

/** A proxy by its answers, in order; the last one stays. */
function proxyOf(...answers: readonly Answer[]) {
  const asked: Outgoing[] = [];
  const client = new LiteLLMProxyClient({
    proxyUrl: 'http://litellm:4000/',
    apiKey: 'sk-master',
    send: (request) => {
      const [status, body] = answers[Math.min(asked.length, answers.length - 1)] ?? [500, ''];
      asked.push(request);
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return Promise.resolve({ status, text, header: () => null });
    },
  });
  return {
    client,
    asked,
    paths: () => asked.map(({ url }) => url.slice('http://litellm:4000'.length)),
  };
}

describe('LiteLLMProxyClient', () => {
  test('healthCheck tells every failure as its answer', async () => {
    expect(await proxyOf([200, {}]).client.healthCheck()).toEqual({ healthy: true, status: 200 });
    expect(await proxyOf([401, {}]).client.healthCheck()).toEqual({
      healthy: false,
      error: 'the proxy answered 401',
    });
    const gone = new LiteLLMProxyClient({
      proxyUrl: 'http://litellm:4000',
      apiKey: 'sk-master',
      send: () => Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' })),
    });
    expect(await gone.healthCheck()).toMatchObject({
      healthy: false,
      error: 'cannot reach http://litellm:4000 (ECONNREFUSED)',
    });
  });

  test('listModels says whose a model is, and asks once in a while', async () => {
    const { client, asked } = proxyOf([
      200,
      {
        data: [
          {
            model_name: 'gpt-4o',
            litellm_params: { model: 'openai/gpt-4o', custom_llm_provider: 'openai' },
            model_info: { max_tokens: 16_384 },
          },
          { model_name: 'local', litellm_params: { model: 'ollama/x' } },
        ],
      },
    ]);
    const models = [
      { modelName: 'gpt-4o', provider: 'openai', maxTokens: 16_384 },
      { modelName: 'local', provider: 'unknown', maxTokens: null },
    ];
    expect(await client.listModels()).toEqual(models);
    expect(await client.listModels()).toEqual(models);
    expect(asked).toMatchObject([
      {
        url: 'http://litellm:4000/model/info',
        method: 'GET',
        headers: { authorization: 'Bearer sk-master' },
        body: null,
      },
    ]);
  });

  test('getSpendByModel sums up a log that the proxy does not group', async () => {
    const log = [
      { request_id: '1', model: 'a', spend: 0.5 },
      { request_id: '2', model: 'b', spend: 2 },
      { request_id: '3', model: 'a', spend: 0.25 },
    ];
    const { client, paths } = proxyOf(
      [200, log],
      [200, log],
      [200, [{ model: 'a', total_spend: 3 }]],
    );
    expect(await client.getSpend()).toEqual(log);
    expect(await client.getSpendByModel()).toEqual([
      { model: 'b', spend: 2 },
      { model: 'a', spend: 0.75 },
    ]);
    expect(await client.getSpendByModel()).toEqual([{ model: 'a', spend: 3 }]);
    expect(paths()).toEqual([
      '/spend/logs',
      '/spend/logs?group_by=model',
      '/spend/logs?group_by=model',
    ]);
    const global = proxyOf(
      [200, { spend: 1.5, max_budget: 0 }],
      [200, { spend: 1, max_budget: null }],
    );
    expect(await global.client.getGlobalSpend()).toEqual({ spend: 1.5, maxBudget: 0 });
    expect(await global.client.getGlobalSpend()).toEqual({ spend: 1, maxBudget: null });
  });

  test('keys are made with what is asked for, listed over all pages, and deleted', async () => {
    const { client, asked, paths } = proxyOf(
      [200, { key: 'sk-1', key_alias: 'research' }],
      [200, { keys: [{ token: 'a' }], total_pages: 2 }],
      [200, { keys: [{ token: 'b' }], total_pages: 2 }],
      [200, { deleted_keys: ['sk-1'] }],
    );
    const made = await client.createVirtualKey({
      keyAlias: 'research',
      maxBudget: 50,
      budgetDuration: '30d',
      models: ['gpt-4o'],
      metadata: { project: 'research-team' },
    });
    expect(made).toMatchObject({ key: 'sk-1' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      key_alias: 'research',
      max_budget: 50,
      budget_duration: '30d',
      models: ['gpt-4o'],
      metadata: { project: 'research-team' },
    });
    expect(await client.listVirtualKeys()).toEqual([{ token: 'a' }, { token: 'b' }]);
    await client.deleteVirtualKey('sk-1');
    expect(JSON.parse(asked[3]?.body ?? '')).toEqual({ keys: ['sk-1'] });
    expect(paths().slice(1)).toEqual([
      '/key/list?return_full_object=true&page=1&size=100',
      '/key/list?return_full_object=true&page=2&size=100',
      '/key/delete',
    ]);
  });

  test('a refusal, a redirect and an answer that is no JSON are failures that say so', async () => {
    const refused = proxyOf([400, { error: { message: 'no such key', code: '400' } }]);
    await expect(refused.client.deleteVirtualKey('x')).rejects.toMatchObject({
      status: 400,
      detail: 'no such key',
    });
    await expect(proxyOf([302, '']).client.getGlobalSpend()).rejects.toMatchObject({ status: 302 });
    await expect(proxyOf([200, '<html>']).client.getGlobalSpend()).rejects.toMatchObject({
      code: 'unknown',
    });
  });
});
