/** The whole gateway in the process of the edge, below a prefix, on a database of its own. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { databaseTest as test, tempHome } from '@sagewai/testing';
import { expect } from 'vitest';

import { startTestEdge, startUpstream, untilReady } from './edge-fixture.ts';

const PIECES = [
  'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n',
  'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
  'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}\n\n',
  'data: [DONE]\n\n',
];

test('keys, models and streams of the gateway in this process are there below the prefix, health at the root', async ({
  url,
}) => {
  await using home = await tempHome();
  const model = await startUpstream((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const piece of PIECES) response.write(piece);
      response.end();
    });
  });
  const models = join(home.path, 'models.yaml');
  const deployment = {
    model_name: 'm',
    litellm_params: { model: 'openai/m', api_base: `${model.url}/v1`, api_key: 'upstream' },
    model_info: { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_001 },
  };
  await writeFile(models, JSON.stringify({ model_list: [deployment] }));
  const token = `sat-${randomBytes(32).toString('base64url')}`;
  const edge = await startTestEdge({
    SAGE_EDGE_LLM_PREFIX: '/llm',
    DATABASE_URL: url,
    SAGEWAI_HOME: home.path,
    SAGEWAI_CONFIG: models,
    SAGEWAI_ADMIN_TOKEN: token,
  });
  const { address } = edge;
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  await untilReady(address);
  const made = await fetch(`${address}/llm/api/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'through the edge' }),
  });
  expect(made.status).toBe(201);
  const { key } = (await made.json()) as { key: string };
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const listed = await fetch(`${address}/llm/v1/models`, { headers });
  expect(JSON.stringify(await listed.json())).toContain('"id":"m"');
  const chat = await fetch(`${address}/llm/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'x-request-id': 'asked-once' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
  expect([chat.status, chat.headers.get('x-request-id')]).toEqual([200, 'asked-once']);
  const text = await chat.text();
  expect(text).toContain('"content":"hi"');
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  expect((await fetch(`${address}/v1/models`, { headers })).status).toBe(404);
  // The gateway's own view of itself is below the prefix too.
  expect(await (await fetch(`${address}/llm/readyz`)).json()).toEqual({ status: 'ready' });
  await edge.stop();
});
