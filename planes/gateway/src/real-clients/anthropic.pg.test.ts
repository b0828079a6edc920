import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { clientsTest, lastAsked, MODEL_NAMES } from './clients-fixture.ts';
import { CITIES, DATA, SAID, TOKENS } from './wishes-fixture.ts';

const test = clientsTest.extend<{ client: Anthropic }>({
  client: async ({ world: { gateway, key } }, use) => {
    await use(new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 }));
  },
});

const messages = [{ role: 'user' as const, content: 'Is it warm in Paris?' }];
const max_tokens = 100;
const weather = z.object({ city: z.string(), degrees: z.number() });
const tools = [
  {
    name: 'temperature',
    input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
  },
];

describe.for(MODEL_NAMES)('the client of Anthropic, and %s', (model) => {
  test('has messages, whole and streamed', async ({ client }) => {
    const ask = { model, max_tokens, messages };
    const whole = await client.messages.create({ ...ask, system: 'Be brief.' });
    expect(whole.content).toMatchObject([{ type: 'text', text: SAID }]);
    const usage = { input_tokens: TOKENS.input, output_tokens: TOKENS.output };
    expect(whole).toMatchObject({ stop_reason: 'end_turn', usage });
    const stream = client.messages.stream(ask);
    expect(await stream.finalText()).toBe(SAID);
    expect((await stream.finalMessage()).usage).toMatchObject({ output_tokens: TOKENS.output });
  });

  test('runs tools that are called at once, whole and streamed', async ({ client, world }) => {
    for (const stream of [false, true]) {
      const asked: string[] = [];
      const temperature = betaZodTool({
        name: 'temperature',
        description: 'How warm it is',
        inputSchema: z.object({ city: z.string() }),
        run: ({ city }) => {
          asked.push(city);
          return `${city}: 21`;
        },
      });
      const runner = client.beta.messages.toolRunner({
        model,
        max_tokens,
        messages,
        tools: [temperature],
        stream,
      });
      const { content } = await runner.runUntilDone();
      expect(content).toMatchObject([{ type: 'text', text: SAID }]);
      expect(asked).toEqual(CITIES);
      expect(JSON.stringify(lastAsked(world.upstream).body['messages'])).toContain('Oslo: 21');
    }
    const forced = await client.messages.create({
      model,
      max_tokens,
      messages,
      tools,
      tool_choice: { type: 'tool', name: 'temperature' },
    });
    expect(forced).toMatchObject({
      content: [{ type: 'tool_use', input: DATA }],
    });
  });

  test('parses what a schema shapes, and counts tokens', async ({ client }) => {
    const parsed = await client.messages.parse({
      model,
      max_tokens,
      messages,
      output_config: { format: zodOutputFormat(weather) },
    });
    expect(parsed.parsed_output).toEqual(DATA);
    const counted = await client.messages.countTokens({ model, messages, tools });
    expect(counted.input_tokens).toBeGreaterThan(5);
    const beta = await client.beta.messages.countTokens({ model, messages });
    expect(beta.input_tokens).toBeGreaterThan(5);
  });
});

test('the client of Anthropic lists models, takes its key as a bearer, and knows refusals', async ({
  client,
  world: { gateway, key, poorKey },
}) => {
  const names: string[] = [];
  for await (const { id } of client.models.list({ limit: 2 })) names.push(id);
  expect(names).toEqual(expect.arrayContaining([...MODEL_NAMES]));
  const bearer = new Anthropic({ authToken: key, apiKey: null, baseURL: gateway.url });
  const ask = { model: 'gpt', max_tokens, messages };
  expect((await bearer.messages.create(ask)).stop_reason).toBe('end_turn');
  const poor = client.withOptions({ apiKey: poorKey });
  await expect(poor.messages.create(ask)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  await expect(client.messages.create({ ...ask, model: 'x' })).rejects.toBeInstanceOf(
    Anthropic.NotFoundError,
  );
});
