import OpenAI from 'openai';
import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install, makeKey } from '../harness/installation.ts';

const MODELS = [{ name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 }];

test('the official client of OpenAI works with a virtual key, whole and streamed', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const { key } = await makeKey(server);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Say yes.' }];

  const models = await client.models.list();
  expect(models.data.map(({ id }) => id)).toContain('gpt-scripted');

  const whole = await client.chat.completions.create({ model: 'gpt-scripted', messages });
  expect(whole.choices[0]?.message.content).toBe('Yes.');
  expect(whole.usage?.completion_tokens).toBeGreaterThan(0);

  for (const include_usage of [true, false]) {
    const stream = await client.chat.completions.create({
      model: 'gpt-scripted',
      messages,
      stream: true,
      stream_options: { include_usage },
    });
    let said = '';
    let usages = 0;
    for await (const { choices, usage } of stream) {
      said += choices[0]?.delta.content ?? '';
      if (usage) usages += 1;
    }
    // Usage that only we asked for is not shown.
    expect({ said, usages }).toEqual({
      said: 'word0 word1 word2 word3 word4 ',
      usages: include_usage ? 1 : 0,
    });
  }

  const { spend } = await server.askWell('/api/v1/spend');
  expect(spend).toHaveLength(3);
  expect(new Set(spend.map((row: { usage_source: string }) => row.usage_source))).toEqual(
    new Set(['provider']),
  );
});

test('its errors are the ones that it knows', async ({ stage }) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const { key } = await makeKey(server, { usdPerDay: '0.000001', cap: false });
  const baseURL = `${server.url}/v1`;
  const messages = [{ role: 'user' as const, content: 'Say yes.' }];
  const client = new OpenAI({ baseURL, apiKey: key, maxRetries: 0 });
  const call = (model: string, by = client) =>
    by.chat.completions.create({ model, messages }).catch((error: unknown) => error);

  expect(await call('gpt-scripted')).toMatchObject({
    constructor: OpenAI.RateLimitError,
    status: 429,
    type: 'budget_exceeded',
    code: '429',
  });
  expect(await call('unheard-of')).toBeInstanceOf(OpenAI.NotFoundError);
  const stranger = new OpenAI({ baseURL, apiKey: 'sk-nobody', maxRetries: 0 });
  expect(await call('gpt-scripted', stranger)).toBeInstanceOf(OpenAI.AuthenticationError);
});
