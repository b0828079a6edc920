import { Ollama } from 'ollama';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { clientsTest, lastAsked, MODEL_NAMES } from './clients-fixture.ts';
import { CITIES, DATA, SAID, TOKENS } from './wishes-fixture.ts';

const test = clientsTest.extend<{ client: Ollama }>({
  client: async ({ world: { gateway, key } }, use) => {
    await use(new Ollama({ host: gateway.url, headers: { authorization: `Bearer ${key}` } }));
  },
});

const content = 'Is it warm in Paris?';
const format = z.toJSONSchema(z.object({ city: z.string(), degrees: z.number() }));
// The client writes into what it is given.
const asking = () => [{ role: 'user', content }];
const tools = [
  {
    type: 'function',
    function: {
      name: 'temperature',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
];

describe.for(MODEL_NAMES)('the client of Ollama, and %s', (model) => {
  test('chats, whole and streamed, with tools and a schema', async ({ client, world }) => {
    const whole = await client.chat({ model, messages: asking() });
    expect(whole.message.content).toBe(SAID);
    expect(whole).toMatchObject({
      done: true,
      prompt_eval_count: TOKENS.input,
      eval_count: TOKENS.output,
    });
    let said = '';
    for await (const line of await client.chat({ model, messages: asking(), stream: true })) {
      said += line.message.content;
    }
    expect(said).toBe(SAID);
    const called = [];
    const stream = await client.chat({ model, messages: asking(), tools, stream: true });
    for await (const line of stream) called.push(...(line.message.tool_calls ?? []));
    expect(called.map(({ function: { arguments: args } }) => args)).toEqual(
      CITIES.map((city) => ({ city })),
    );
    const { message } = await client.chat({ model, messages: asking(), tools });
    const results = CITIES.map((city) => ({
      role: 'tool',
      tool_name: 'temperature',
      content: `${city}: 21`,
    }));
    const messages = [...asking(), message, ...results];
    expect((await client.chat({ model, messages, tools })).message.content).toBe(SAID);
    expect(JSON.stringify(lastAsked(world.upstream).body)).toContain('Oslo: 21');
    const shaped = await client.chat({ model, messages: asking(), format });
    expect(JSON.parse(shaped.message.content)).toEqual(DATA);
  });

  test('generates, whole and streamed, and shows the model', async ({ client }) => {
    expect((await client.generate({ model, prompt: content })).response).toBe(SAID);
    let said = '';
    for await (const line of await client.generate({ model, prompt: content, stream: true })) {
      said += line.response;
    }
    expect(said).toBe(SAID);
    expect((await client.show({ model })).capabilities).toContain('tools');
  });
});

test('the client of Ollama lists models and embeds', async ({ client }) => {
  const names = (await client.list()).models.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...MODEL_NAMES]));
  const embedded = await client.embed({ model: 'local', input: ['a', 'b'] });
  expect(embedded.embeddings).toEqual([
    [0.5, -0.25, 1],
    [0.5, -0.25, 1],
  ]);
});
