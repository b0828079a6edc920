import { scriptedProvider } from '@sagewai/testing/scripted-provider';
import { afterEach, expect, test, vi } from 'vitest';

import { ProjectContext } from '../context/index.ts';
import type { WorkerCredentials } from '../worker-credentials.ts';
import { type InferenceConfig, NobodyCounts, UniversalAgent, withInference } from './index.ts';

afterEach(() => vi.unstubAllEnvs());

const agentOf = (inference: InferenceConfig): UniversalAgent =>
  new UniversalAgent({ name: 'my-agent', config: { inference } });

test('an agent is pointed at a proxy by its configuration, with the key of a project', async () => {
  const litellm = await scriptedProvider(['Hello']);
  const inference = { model: 'gpt-4o', apiBase: litellm.url, apiKey: 'sk-project-virtual-key' };
  expect(await agentOf(inference).chat('Hi')).toBe('Hello');
  expect(litellm.asked[0]).toMatchObject({
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer sk-project-virtual-key' },
    body: { model: 'gpt-4o' },
  });
});

test('or by the environment, which holds for all agents', async () => {
  const litellm = await scriptedProvider(['Hello']);
  vi.stubEnv('LITELLM_PROXY_URL', litellm.url);
  vi.stubEnv('LITELLM_API_KEY', 'sk-your-master-key');
  expect(await agentOf({ model: 'claude-sonnet' }).chat('Hi')).toBe('Hello');
  expect(litellm.asked[0]).toMatchObject({
    headers: { authorization: 'Bearer sk-your-master-key' },
    body: { model: 'claude-sonnet' },
  });
});

test('a project context goes along with every call of an agent in it', async () => {
  const gateway = await scriptedProvider(['Ideas']);
  const agent = agentOf({ model: 'gpt-4o', apiBase: gateway.url });
  const limits = {
    projectId: 'team-marketing',
    maxTokensPerMinute: 100_000,
    maxRequestsPerMinute: 50,
    maxCostPerDayUsd: 30,
  };
  await ProjectContext.run(limits, () => agent.chat('Generate Q4 campaign ideas'));
  await agent.chat('Outside of it');
  expect(gateway.asked[0]?.headers).toMatchObject({
    'x-sagewai-context': 'tokens=100000,requests=50,usd=30',
    'x-project-id': 'team-marketing',
    'x-sagewai-agent': 'my-agent',
  });
  expect(gateway.asked[1]?.headers).not.toHaveProperty('x-sagewai-context');
});

test('and where nobody would count them, none is made', async () => {
  const agent = agentOf({ model: 'gpt-4o', apiKey: 'sk-1' });
  await expect(ProjectContext.run({ projectId: 'p' }, () => agent.chat('Hi'))).rejects.toThrow(
    NobodyCounts,
  );
});

test("agents on a worker call with the worker's credentials, each its own", async () => {
  const [gpu, pool] = [await scriptedProvider(['local']), await scriptedProvider(['pool'])];
  const local: WorkerCredentials = {
    model_overrides: { default: 'ollama/llama3.1:70b' },
    inference_overrides: { api_base: gpu.url },
  };
  const proxied: WorkerCredentials = {
    inference_overrides: { api_base: pool.url, api_key: 'sk-worker-pool-key' },
  };
  const agent = agentOf({ model: 'gpt-4o' });
  const answers = await Promise.all(
    [local, proxied].map((credentials) => withInference({ credentials }, () => agent.chat('Hi'))),
  );
  expect(answers).toEqual(['local', 'pool']);
  expect(gpu.asked[0]?.body.model).toBe('llama3.1:70b');
  expect(pool.asked[0]).toMatchObject({
    headers: { authorization: 'Bearer sk-worker-pool-key' },
    body: { model: 'gpt-4o' },
  });
});
