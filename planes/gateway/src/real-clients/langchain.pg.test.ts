import { ChatAnthropic } from '@langchain/anthropic';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { HumanMessage, type ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { clientsTest, lastAsked, MODEL_NAMES } from './clients-fixture.ts';
import { CITIES, DATA, SAID, TOKENS } from './wishes-fixture.ts';

const WAYS = ['ChatOpenAI', 'ChatOpenAI with Responses', 'ChatAnthropic'] as const;
type Way = (typeof WAYS)[number];

const test = clientsTest.extend<{
  modelOf: (way: Way, model: string, apiKey?: string) => ChatOpenAI | ChatAnthropic;
}>({
  modelOf: async ({ world: { gateway, key }, checked: { fetch } }, use) => {
    await use((way, model, apiKey = key) =>
      way === 'ChatAnthropic'
        ? new ChatAnthropic({ model, apiKey, anthropicApiUrl: gateway.url, maxRetries: 0 })
        : new ChatOpenAI({
            model,
            apiKey,
            maxRetries: 0,
            useResponsesApi: way === 'ChatOpenAI with Responses',
            configuration: { baseURL: `${gateway.url}/v1`, fetch },
          }),
    );
  },
});

const question = 'Is it warm in Paris?';
const schema = z.object({ city: z.string(), degrees: z.number() });
const temperature = tool(({ city }: { city: string }) => `${city}: 21`, {
  name: 'temperature',
  description: 'How warm it is',
  schema: z.object({ city: z.string() }),
});
const cases = WAYS.flatMap((way) => MODEL_NAMES.map((model) => [way, model] as const));

describe.for(cases)('LangChain by %s, and %s', ([way, model]) => {
  test('invokes and streams', async ({ modelOf }) => {
    const chat: BaseChatModel = modelOf(way, model);
    const whole = await chat.invoke(question);
    expect(whole.text).toBe(SAID);
    expect(whole.usage_metadata).toMatchObject({
      input_tokens: TOKENS.input,
      output_tokens: TOKENS.output,
    });
    let said = '';
    for await (const piece of await chat.stream(question)) said += piece.text;
    expect(said).toBe(SAID);
  });

  test('calls tools, takes their results, and shapes objects', async ({ modelOf, world }) => {
    const chat = modelOf(way, model);
    const bound = chat.bindTools([temperature]);
    const asked = new HumanMessage(question);
    const called = await bound.invoke([asked]);
    expect(called.tool_calls?.map(({ args }) => args)).toEqual(CITIES.map((city) => ({ city })));
    const results = await Promise.all(
      (called.tool_calls ?? []).map(
        async (call) => (await temperature.invoke(call)) as unknown as ToolMessage,
      ),
    );
    expect((await bound.invoke([asked, called, ...results])).text).toBe(SAID);
    expect(JSON.stringify(lastAsked(world.upstream).body)).toContain('Oslo: 21');
    let gathered: Awaited<ReturnType<typeof bound.invoke>> | undefined;
    for await (const piece of await bound.stream([asked]))
      gathered = gathered?.concat(piece) ?? piece;
    expect(gathered?.tool_calls).toHaveLength(CITIES.length);
    expect(await (chat as BaseChatModel).withStructuredOutput(schema).invoke(question)).toEqual(
      DATA,
    );
  });
});

test('LangChain embeds, and is told why it is refused', async ({
  world: { gateway, key, poorKey },
  modelOf,
  checked: { fetch },
}) => {
  const embeddings = new OpenAIEmbeddings({
    model: 'gpt',
    apiKey: key,
    configuration: { baseURL: `${gateway.url}/v1`, fetch },
  });
  expect(await embeddings.embedDocuments(['a', 'b'])).toHaveLength(2);
  for (const way of WAYS) {
    await expect(modelOf(way, 'gpt', poorKey).invoke(question)).rejects.toThrow(/budget/i);
  }
});
