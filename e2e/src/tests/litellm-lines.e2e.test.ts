import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';

import { LiteLLMProxyClient } from '@sagewai/sdk/litellm';
import { expect } from 'vitest';
import { parse } from 'yaml';

import { makeDatabase } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { createServer } from '../harness/server.ts';
import type { Stage } from '../harness/stage.ts';

const run = promisify(execFile);
const EXAMPLE = resolve(import.meta.dirname, '../../../examples/litellm');

/** As LiteLLM's users write it, with a published master key: good on this machine alone. */
const CONFIG = `
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: gpt-4o
      api_key: os.environ/OPENAI_API_KEY
  - model_name: claude-sonnet
    litellm_params:
      model: claude-sonnet-4-20250514
      api_key: os.environ/ANTHROPIC_API_KEY
  - model_name: gemini-flash
    litellm_params:
      model: gemini/gemini-2.0-flash
      api_key: os.environ/GOOGLE_API_KEY
general_settings:
  master_key: sk-your-master-key
`;

const GENERATE = `curl -X POST http://litellm:4000/key/generate \\
-H "Authorization: Bearer sk-your-master-key" \\
-H "Content-Type: application/json" \\
-d '{
"models": ["gpt-4o", "claude-sonnet"],
"max_budget": 50.0,
"budget_duration": "30d",
"metadata": {"project": "research-team"}
}'`;

/** Runs lines of a shell as they are; the names in them lead to this port. */
async function shellOf(stage: Stage, port: number) {
  const names = ['litellm:4000', 'localhost:8000', 'localhost:8899'];
  const routes = names.map((name) => `connect-to = "${name}:127.0.0.1:${port}"`);
  await writeFile(join(stage.folder, '.curlrc'), ['silent', ...routes].join('\n'));
  const env = { PATH: process.env['PATH'], CURL_HOME: stage.folder, HOME: stage.folder };
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  return async (line: string): Promise<any> =>
    JSON.parse((await run('bash', ['-c', line], { env })).stdout) as unknown;
}

test('lines that are written for LiteLLM do here what they say, unchanged', async ({ stage }) => {
  const database = await makeDatabase(stage, cluster());
  const server = await createServer(stage, {
    databaseUrl: database.url,
    config: CONFIG,
    environment: { OPENAI_API_KEY: 'sk-of-openai', ANTHROPIC_API_KEY: 'sk-ant-of-anthropic' },
  });
  await server.ready();
  expect(server.process().text()).toContain('GOOGLE_API_KEY');
  const shell = await shellOf(stage, server.port);

  const made = await shell(GENERATE);
  expect(made).toMatchObject({
    key: expect.stringMatching(/^sk-/),
    models: ['gpt-4o', 'claude-sonnet'],
    max_budget: 50,
    budget_duration: '30d',
    metadata: { project: 'research-team' },
  });
  const { projects } = await server.askWell('/api/v1/projects');
  const research = projects.find(({ name }: { name: string }) => name === 'research-team');
  expect(research.id).toBe(made.project_id);

  expect(await shell('curl http://litellm:4000/health')).toMatchObject({
    status: expect.stringMatching(/healthy|degraded/),
    healthy_endpoints: [],
    unhealthy_endpoints: [],
    healthy_count: expect.any(Number),
    unhealthy_count: expect.any(Number),
    sessions: { total_sessions: 0, total_messages: 0 },
  });
  expect(await shell('curl http://localhost:8000/api/v1/admin/health')).toHaveProperty('status');
  expect(await shell('curl http://localhost:8899/healthz')).toBeTruthy();
  const { error } = await shell('curl http://localhost:8899/v1/models');
  expect(error.message).toContain('/key/generate');

  const list = await shell(
    `curl http://litellm:4000/v1/models -H "Authorization: Bearer ${made.key}"`,
  );
  expect(list.data.map(({ id }: { id: string }) => id)).toEqual(['gpt-4o', 'claude-sonnet']);

  // What an agent does with `api_base` and `api_key: sk-your-master-key`.
  const said =
    await shell(`curl http://litellm:4000/chat/completions -H "Authorization: Bearer sk-your-master-key" \
    -H "Content-Type: application/json" -d '{"model": "simulated", "messages": [{"role": "user", "content": "hi"}]}'`);
  expect(said.choices[0].message.content).toContain('[simulated]');

  const client = new LiteLLMProxyClient({ proxyUrl: server.url, apiKey: 'sk-your-master-key' });
  expect(await client.healthCheck()).toEqual({ healthy: true, status: 200 });
  const models = await client.listModels();
  expect(models).toContainEqual(
    expect.objectContaining({ modelName: 'gpt-4o', provider: 'openai' }),
  );
  expect(models.map(({ modelName }) => modelName)).not.toContain('gemini-flash');
  await expect
    .poll(async () => (await client.getSpend()).map(({ model }) => model), { timeout: 20_000 })
    .toEqual(['simulated']);
});

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment: Readonly<Record<string, string>> }>
  >;
}

test('the server of the compose file, with its environment, calls the proxy behind it', async ({
  stage,
}) => {
  const asked: { path: string; key: string | undefined; model: unknown }[] = [];
  const proxy = createHttp((request, reply) => {
    void (async () => {
      const text = (await buffer(request)).toString();
      const path = request.url ?? '';
      const body = text === '' ? {} : (JSON.parse(text) as { model?: unknown });
      asked.push({ path, key: request.headers.authorization, model: body.model });
      reply.setHeader('content-type', 'application/json');
      const info = { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, max_tokens: 100 };
      if (path.includes('/model/info')) {
        const data = [
          { model_name: 'gpt-4o', litellm_params: { model: 'gpt-4o' }, model_info: info },
        ];
        return reply.end(JSON.stringify({ data }));
      }
      const message = { role: 'assistant', content: 'From the proxy.' };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      return reply.end(
        JSON.stringify({
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'gpt-4o',
          choices,
          usage,
        }),
      );
    })().catch(() => reply.destroy());
  });
  await new Promise<void>((done) => void proxy.listen(0, '127.0.0.1', done));
  stage.defer('the proxy', async () => proxy.closeAllConnections());
  stage.defer('the proxy', async () => proxy.close());

  const text = await readFile(join(EXAMPLE, 'compose.yaml'), 'utf8');
  const { environment } = (parse(text) as Compose).services['sagewai-admin'] ?? { environment: {} };
  const values: Record<string, string> = {
    POSTGRES_PASSWORD: 'secret',
    LITELLM_MASTER_KEY: 'sk-of-the-proxy',
    SAGEWAI_ADMIN_TOKEN: `sat-${'k7Qz'.repeat(11)}`,
  };
  const { SAGEWAI_ADMIN_TOKEN: _, ...given } = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+)[^}]*\}/g, (_, of: string) => values[of] ?? ''),
    ]),
  );
  expect(given).toMatchObject({ LITELLM_PROXY_URL: 'http://litellm:4000', HOST: '0.0.0.0' });
  const database = await makeDatabase(stage, cluster());
  const server = await createServer(stage, {
    databaseUrl: database.url,
    environment: {
      ...given,
      HOST: '127.0.0.1',
      SAGEWAI_HOME: join(stage.folder, 'home'),
      DATABASE_URL: database.url,
      LITELLM_PROXY_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    },
  });
  await server.ready();
  const { key } = await server.askWell('/key/generate', {
    body: { models: ['gpt-4o'], max_budget: 80, budget_duration: '30d' },
  });
  const headers = { authorization: `Bearer ${key}` };
  const messages = [{ role: 'user', content: 'hi' }];
  const said = await server.askWell('/v1/chat/completions', {
    headers,
    body: { model: 'gpt-4o', messages },
  });
  expect(said.choices[0].message.content).toBe('From the proxy.');
  expect(asked.at(-1)).toEqual({
    path: '/v1/chat/completions',
    key: 'Bearer sk-of-the-proxy',
    model: 'gpt-4o',
  });
  const { info } = await server.askWell('/key/info', { headers });
  expect(info.spend).toBeCloseTo(20e-6, 9);
});
