/**
 * LiteLLM from PyPI: its proxy asked by the SDK's client, and behind a server of ours. Too slow to install for
 * every change: `npm run check:long -- --only LiteLLM`. Where it cannot be installed it says so, and is no failure
 * unless REQUIRE_ALL=1.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { LiteLLMProxyClient } from '@sagewai/sdk/litellm';

import { ask, bearer } from '../harness/api.ts';
import { startPostgres } from '../harness/database.ts';
import { freePort } from '../harness/free-port.ts';
import { startProcess } from '../harness/process.ts';
import { createServer } from '../harness/server.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { installLitellm, LITELLM_VERSION } from './install-litellm.ts';
import { PYTHON_CLIENTS, runPython } from './python-clients.ts';

const MASTER = 'sk-litellm-q8Zr2vT6wXb4nJ5kD9sL';
const SAID = 'Hello from LiteLLM.';
const START_MS_MAX = 180_000;
const CONFIG = {
  model_list: [
    {
      model_name: 'through-litellm',
      litellm_params: { model: 'openai/gpt-4o', api_key: 'none', mock_response: SAID },
      model_info: { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, max_tokens: 1_000 },
    },
  ],
  general_settings: { master_key: MASTER },
};

let failed = 0;
async function check(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    console.log(`  ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`  FAIL ${name}: ${(error as Error).message}`);
  }
}

const installed = await installLitellm();
if (installed.kind === 'missing') {
  console.log(
    `LiteLLM ${LITELLM_VERSION} cannot be installed here, so nothing was tried: ${installed.why}`,
  );
  process.exitCode = process.env['REQUIRE_ALL'] === '1' ? 1 : 0;
} else {
  await using stage = await openStage();
  const proxyUrl = await startProxy(stage, installed.command);
  await askProxy(proxyUrl);
  await callThrough(stage, proxyUrl, installed.python);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function startProxy(stage: Stage, command: string): Promise<string> {
  const config = join(stage.folder, 'litellm.yaml');
  await writeFile(config, JSON.stringify(CONFIG));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const proxy = startProcess(stage, {
    name: 'litellm',
    command,
    words: ['--config', config, '--host', '127.0.0.1', '--port', String(port)],
    environment: {
      PATH: process.env['PATH'] ?? '',
      HOME: stage.folder,
      // Its prices are asked for on the web otherwise.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
    channel: false,
  });
  const isAlive = async (): Promise<boolean> => {
    if (proxy.hasEnded()) throw new Error(`LiteLLM has ended:\n${proxy.text()}`);
    return (await ask(`${url}/health/liveliness`).catch(() => null))?.status === 200;
  };
  await waitUntil(isAlive, { msMax: START_MS_MAX, otherwise: () => proxy.text() });
  return url;
}

/** What the SDK's client says of a real proxy. Without a database of its own it has no keys and no spend. */
async function askProxy(proxyUrl: string): Promise<void> {
  console.log(`LiteLLMProxyClient, and LiteLLM ${LITELLM_VERSION}`);
  const client = new LiteLLMProxyClient({ proxyUrl, apiKey: MASTER });
  await check('healthCheck', async () => {
    assert.deepEqual(await client.healthCheck(), { healthy: true, status: 200 });
  });
  await check('healthCheck with a wrong key', async () => {
    const stranger = new LiteLLMProxyClient({ proxyUrl, apiKey: 'sk-wrong' });
    assert.equal((await stranger.healthCheck()).healthy, false);
  });
  await check('listModels', async () => {
    const [model, ...more] = await client.listModels();
    assert.equal(model?.modelName, 'through-litellm');
    assert.equal(model?.maxTokens, 1_000);
    assert.equal(more.length, 0);
  });
  const calls = {
    getSpend: () => client.getSpend(),
    getSpendByModel: () => client.getSpendByModel(),
    getGlobalSpend: () => client.getGlobalSpend(),
    createVirtualKey: () => client.createVirtualKey({ models: ['through-litellm'], maxBudget: 1 }),
    listVirtualKeys: () => client.listVirtualKeys(),
  };
  for (const [name, call] of Object.entries(calls)) {
    await check(`${name}, refused for want of a database`, async () => {
      await assert.rejects(call, { name: 'SagewaiError' });
    });
  }
}

async function callThrough(stage: Stage, proxyUrl: string, python: string): Promise<void> {
  console.log('A server of ours, and the proxy behind it');
  const postgres = await startPostgres(stage);
  const server = await createServer(stage, {
    databaseUrl: postgres.url,
    environment: { LITELLM_PROXY_URL: proxyUrl, LITELLM_API_KEY: MASTER },
  });
  await server.ready();
  const { key } = await server.askWell('/key/generate', {
    body: { models: ['through-litellm', 'simulated'], max_budget: 1, budget_duration: '30d' },
  });
  const headers = bearer(key);
  const messages = [{ role: 'user', content: 'hi' }];
  const model = 'through-litellm';
  const poor = await server.askWell('/key/generate', { body: { max_budget: 0 } });
  const spendOf = async (): Promise<number> =>
    (await server.askWell('/key/info', { headers })).info.spend as number;

  await check('its models are listed', async () => {
    const { data } = await server.askWell('/v1/models', { headers });
    const names = data.map(({ id }: { id: string }) => id) as string[];
    assert.deepEqual(names.toSorted(), ['simulated', model]);
  });
  await check('chat completions, booked at the price that the proxy states', async () => {
    const before = await spendOf();
    const body = { model, messages };
    const said = await server.askWell('/v1/chat/completions', { headers, body });
    assert.equal(said.choices[0].message.content, SAID);
    const { prompt_tokens: input, completion_tokens: output } = said.usage;
    const cost = input * 1e-6 + output * 2e-6;
    assert.ok(Math.abs((await spendOf()) - before - cost) < 1e-9, 'the spend is another');
  });
  await check('the same, streamed', async () => {
    const body = { model, messages, stream: true };
    const { text } = await server.ask('/v1/chat/completions', { headers, body });
    const pieces = text
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map(
        (event) => JSON.parse(event.slice(6)) as { choices: { delta?: { content?: string } }[] },
      );
    const said = pieces.map(({ choices }) => choices[0]?.delta?.content ?? '').join('');
    assert.equal(said, SAID);
    assert.ok(text.trimEnd().endsWith('data: [DONE]'), text.slice(-200));
  });
  await check('messages', async () => {
    const body = { model, messages, max_tokens: 50 };
    const said = await server.askWell('/v1/messages', { headers, body });
    assert.equal(said.content[0].text, SAID);
  });
  await check('responses', async () => {
    const said = await server.askWell('/v1/responses', { headers, body: { model, input: 'hi' } });
    assert.equal(said.output[0].content[0].text, SAID);
  });
  await check('a key of ours that is spent is refused here, before the proxy', async () => {
    const body = { model, messages };
    const refused = await server.ask('/v1/chat/completions', { headers: bearer(poor.key), body });
    assert.equal(refused.status, 429, refused.text);
  });
  console.log('Clients in Python');
  const values = { url: server.url, key, poor: poor.key, model, said: SAID };
  for (const [name, text] of Object.entries(PYTHON_CLIENTS)) {
    await check(name, () => runPython(python, text, values));
  }
}
