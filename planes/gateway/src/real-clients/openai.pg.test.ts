import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { clientsTest, lastAsked, MODEL_NAMES } from './clients-fixture.ts';
import { CITIES, DATA, SAID, TOKENS } from './wishes-fixture.ts';

const test = clientsTest.extend<{ client: OpenAI }>({
  client: async ({ world: { gateway, key }, checked }, use) => {
    const { fetch } = checked;
    await use(new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, fetch }));
  },
});

const messages = [{ role: 'user' as const, content: 'Is it warm in Paris?' }];
const weather = z.object({ city: z.string(), degrees: z.number() });
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const tools = [{ type: 'function' as const, function: { name: 'temperature', parameters } }];
const flatTools = [{ type: 'function' as const, name: 'temperature', parameters, strict: true }];

describe.for(MODEL_NAMES)('the client of OpenAI, and %s', (model) => {
  test('chats, whole and streamed', async ({ client, checked }) => {
    const whole = await client.chat.completions.create({ model, messages });
    expect(whole.choices[0]?.message.content).toBe(SAID);
    expect(whole.usage).toMatchObject({
      prompt_tokens: TOKENS.input,
      completion_tokens: TOKENS.output,
    });
    const stream = client.chat.completions.stream({
      model,
      messages,
      stream_options: { include_usage: true },
    });
    expect(await stream.finalContent()).toBe(SAID);
    expect((await stream.totalUsage()).total_tokens).toBe(TOKENS.input + TOKENS.output);
    expect(checked.count()).toBeGreaterThan(5);
  });

  test('runs tools that are called at once, whole and streamed', async ({ client, world }) => {
    for (const stream of [false, true]) {
      const asked: string[] = [];
      const of = {
        model,
        messages,
        tools: [
          {
            type: 'function' as const,
            function: {
              name: 'temperature',
              description: 'How warm it is in a city',
              parameters,
              parse: (text: string) => JSON.parse(text) as { city: string },
              function: ({ city }: { city: string }) => {
                asked.push(city);
                return `${city}: 21`;
              },
            },
          },
        ],
      };
      const runner = stream
        ? client.chat.completions.runTools({ ...of, stream: true })
        : client.chat.completions.runTools(of);
      expect(await runner.finalContent()).toBe(SAID);
      expect(asked).toEqual(CITIES);
      expect(JSON.stringify(lastAsked(world.upstream).body['messages'])).toContain('Oslo: 21');
    }
    const forced = await client.chat.completions.create({
      model,
      messages,
      tools,
      tool_choice: { type: 'function', function: { name: 'temperature' } },
    });
    expect(forced.choices[0]?.message.tool_calls).toMatchObject([{ type: 'function' }]);
  });

  test('parses what a schema shapes', async ({ client }) => {
    const response_format = zodResponseFormat(weather, 'weather');
    const whole = await client.chat.completions.parse({ model, messages, response_format });
    expect(whole.choices[0]?.message.parsed).toEqual(DATA);
    const stream = client.chat.completions.stream({ model, messages, response_format });
    expect((await stream.finalChatCompletion()).choices[0]?.message.parsed).toEqual(DATA);
  });

  test('has responses: whole, streamed, with tools and a schema', async ({ client }) => {
    const input = 'Is it warm in Paris?';
    expect((await client.responses.create({ model, input })).output_text).toBe(SAID);
    const said = await client.responses.stream({ model, input }).finalResponse();
    expect(said.output_text).toBe(SAID);
    expect(said.usage).toMatchObject({ input_tokens: TOKENS.input, output_tokens: TOKENS.output });
    const { output } = await client.responses
      .stream({ model, input, tools: flatTools })
      .finalResponse();
    expect(output.map((item) => item.type === 'function_call' && item.arguments)).toEqual(
      CITIES.map((city) => JSON.stringify({ city })),
    );
    const calls = output.filter((item) => item.type === 'function_call');
    const results = calls.map(({ call_id }) => ({
      type: 'function_call_output' as const,
      call_id,
      output: '21',
    }));
    const answered = await client.responses.create({
      model,
      tools: flatTools,
      input: [{ role: 'user', content: input }, ...calls, ...results],
    });
    expect(answered.output_text).toBe(SAID);
    const text = { format: zodTextFormat(weather, 'weather') };
    expect((await client.responses.parse({ model, input, text })).output_parsed).toEqual(DATA);
    const parsed = await client.responses.stream({ model, input, text }).finalResponse();
    expect(parsed.output_parsed).toEqual(DATA);
  });
});

describe('the client of OpenAI', () => {
  test('completes, embeds, moderates and lists', async ({ client }) => {
    for (const model of ['local', 'gpt', 'claude']) {
      const asked = { model, prompt: 'Is it warm?' };
      expect((await client.completions.create(asked)).choices[0]?.text).toBe(SAID);
      const stream = await client.completions.create({ ...asked, stream: true });
      let said = '';
      for await (const { choices } of stream) said += choices[0]?.text ?? '';
      expect(said).toBe(SAID);
    }
    for (const model of ['gpt', 'local']) {
      // It asks for base64 unless told otherwise, and reads it.
      const whole = await client.embeddings.create({ model, input: ['a', 'b'] });
      expect(whole.data.map(({ embedding }) => embedding)).toEqual([
        [0.5, -0.25, 1],
        [0.5, -0.25, 1],
      ]);
      await client.embeddings.create({ model, input: 'a', encoding_format: 'float' });
      expect((await client.moderations.create({ model, input: 'a' })).results).toHaveLength(1);
    }
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gpt', 'claude', 'local', 'simulated']),
    );
    expect(await client.models.retrieve('claude')).toMatchObject({ owned_by: 'anthropic' });
  });

  test('knows refusals of every surface by their classes', async ({ client, world, checked }) => {
    const surfaces: ((of: OpenAI, model: string) => Promise<unknown>)[] = [
      (of, model) => of.chat.completions.create({ model, messages }),
      (of, model) => of.chat.completions.create({ model, messages, stream: true }),
      (of, model) => of.responses.create({ model, input: 'a' }),
      (of, model) => of.responses.create({ model, input: 'a', stream: true }),
      (of, model) => of.completions.create({ model, prompt: 'a' }),
      (of, model) => of.embeddings.create({ model, input: 'a' }),
      (of, model) => of.moderations.create({ model, input: 'a' }),
      (of, model) => of.models.retrieve(model),
    ];
    const poor = client.withOptions({ apiKey: world.poorKey });
    const stranger = client.withOptions({ apiKey: 'sk-stranger' });
    for (const call of surfaces) {
      await expect(call(client, 'nope')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      await expect(call(stranger, 'gpt')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    }
    for (const call of surfaces.slice(0, 6)) {
      await expect(call(poor, 'gpt')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    }
    await expect(client.embeddings.create({ model: 'claude', input: 'a' })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    );
    await expect(
      client.chat.completions.create({ model: 'gpt', messages, n: 0 }),
    ).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    expect(checked.count()).toBe(24);
  });
});
