import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  embedMany,
  generateText,
  type LanguageModel,
  Output,
  stepCountIs,
  streamText,
  tool,
} from 'ai';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { clientsTest, lastAsked, MODEL_NAMES } from './clients-fixture.ts';
import { CITIES, DATA, SAID, TOKENS } from './wishes-fixture.ts';

interface Providers {
  /** Each way in which the kit speaks to a server, with the key that is given. */
  readonly modelOf: (way: Way, model: string, apiKey?: string) => LanguageModel;
}

const WAYS = ['openai', 'openai.chat', 'anthropic', 'openai-compatible'] as const;
type Way = (typeof WAYS)[number];

const test = clientsTest.extend<Providers>({
  modelOf: async ({ world: { gateway, key }, checked: { fetch } }, use) => {
    await use((way, model, apiKey = key) => {
      const of = { baseURL: `${gateway.url}/v1`, apiKey, fetch };
      if (way === 'openai') return createOpenAI(of)(model);
      if (way === 'openai.chat') return createOpenAI(of).chat(model);
      if (way === 'anthropic') return createAnthropic(of)(model);
      const name = 'sagewai';
      return createOpenAICompatible({ ...of, name, supportsStructuredOutputs: true })(model);
    });
  },
});

const ask = { prompt: 'Is it warm in Paris?', maxOutputTokens: 100, maxRetries: 0 };
const schema = z.object({ city: z.string(), degrees: z.number() });
const cases = WAYS.flatMap((way) => MODEL_NAMES.map((model) => [way, model] as const));

describe.for(cases)('the AI SDK of Vercel by %s, and %s', ([way, model]) => {
  test('generates and streams texts', async ({ modelOf }) => {
    const whole = await generateText({ model: modelOf(way, model), ...ask });
    expect(whole.text).toBe(SAID);
    expect(whole.usage).toMatchObject({ inputTokens: TOKENS.input, outputTokens: TOKENS.output });
    const streamed = streamText({ model: modelOf(way, model), ...ask });
    let said = '';
    for await (const piece of streamed.textStream) said += piece;
    expect(said).toBe(SAID);
    expect(await streamed.finishReason).toBe('stop');
  });

  test('runs tools until it has an answer, and shapes objects', async ({ modelOf, world }) => {
    const asked: string[] = [];
    const tools = {
      temperature: tool({
        description: 'How warm it is',
        inputSchema: z.object({ city: z.string() }),
        execute: ({ city }) => {
          asked.push(city);
          return `${city}: 21`;
        },
      }),
    };
    const of = { model: modelOf(way, model), ...ask, tools, stopWhen: stepCountIs(3) };
    expect((await generateText(of)).text).toBe(SAID);
    expect(JSON.stringify(lastAsked(world.upstream).body)).toContain('Oslo: 21');
    expect(await streamText(of).text).toBe(SAID);
    expect(asked).toEqual([...CITIES, ...CITIES]);
    const { output } = await generateText({
      model: modelOf(way, model),
      ...ask,
      output: Output.object({ schema }),
    });
    expect(output).toEqual(DATA);
  });
});

test('the AI SDK of Vercel embeds, and is told why it is refused', async ({
  world: { gateway, key, poorKey },
  modelOf,
  checked: { fetch },
}) => {
  const { embeddings } = await embedMany({
    model: createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, fetch }).embedding('gpt'),
    values: ['a', 'b'],
  });
  expect(embeddings).toEqual([
    [0.5, -0.25, 1],
    [0.5, -0.25, 1],
  ]);
  for (const way of WAYS) {
    const refused = generateText({ model: modelOf(way, 'gpt', poorKey), ...ask });
    const error = await refused.then(String, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(APICallError);
    expect(error).toMatchObject({ statusCode: 429, message: expect.stringMatching(/budget/i) });
  }
});
