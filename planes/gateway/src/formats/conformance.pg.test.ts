import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { databaseTest, makeTenant } from '@sagewai/testing';
import { type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { makeKey, type RunningGateway, startGateway } from '../gateway-fixture.ts';

const root = resolve(import.meta.dirname, '../../..');
const file = join(
  resolve(root, process.env['TEST_DATA_DIR'] ?? '../shared/data'),
  'openai-openapi.json',
);
const specification = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as object)
  : undefined;

/** The document says `nullable`, which its own version of OpenAPI no longer knows. */
function spellNullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(spellNullable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const spelt = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, spellNullable(value)]),
  );
  return nullable === true ? { anyOf: [spelt, { type: 'null' }] } : spelt;
}

function compile(name: string): (value: unknown) => string {
  if (specification === undefined) return () => '';
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
  ajv.addSchema(spellNullable(specification) as object, 'openai');
  const validate: ValidateFunction = ajv.compile({ $ref: `openai#/components/schemas/${name}` });
  return (value) => (validate(value) ? '' : ajv.errorsText(validate.errors));
}

interface World {
  readonly gateway: RunningGateway;
  readonly key: string;
  readonly client: OpenAI;
}

const test = databaseTest.extend<World>({
  gateway: async ({ db }, use) => {
    const gateway = await startGateway(db, {});
    await use(gateway);
    await gateway.close();
  },
  key: async ({ db }, use) => {
    await use((await makeKey(db, await makeTenant(db))).value);
  },
  client: async ({ gateway, key }, use) => {
    await use(new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 }));
  },
});

const messages = [
  { role: 'system' as const, content: 'Be brief.' },
  { role: 'user' as const, content: 'Why is the sky blue?' },
];

describe("OpenAI's own description of its answers", () => {
  test('is there, or it is said that it is not', () => {
    if (specification === undefined) {
      console.info(`OpenAI's schemas are left out: ${file} is missing (set TEST_DATA_DIR)`);
    }
    expect(specification !== undefined || process.env['REQUIRE_ALL'] !== '1').toBe(true);
  });

  test('holds for a whole answer, for two choices, and for the list of models', async ({
    gateway,
    key,
  }) => {
    const isAnswer = compile('CreateChatCompletionResponse');
    for (const more of [{}, { n: 2 }, { max_tokens: 3 }]) {
      const answer = await gateway.chat(key, { model: 'simulated', messages, ...more });
      expect(isAnswer(await answer.json())).toBe('');
    }
    expect(isAnswer({}) !== '' || specification === undefined).toBe(true);
    const list = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(compile('ListModelsResponse')(await list.json())).toBe('');
  });

  test('holds for every event of a stream', async ({ gateway, key }) => {
    const isChunk = compile('CreateChatCompletionStreamResponse');
    for (const stream_options of [undefined, { include_usage: true }]) {
      const answer = await gateway.chat(key, {
        model: 'simulated',
        messages,
        stream: true,
        stream_options,
      });
      const events = (await answer.text()).split('\n\n').filter((event) => event !== '');
      expect(events.pop()).toBe('data: [DONE]');
      expect(events.length).toBeGreaterThan(5);
      for (const event of events) expect(isChunk(JSON.parse(event.slice(6)))).toBe('');
    }
    expect(isChunk({}) !== '' || specification === undefined).toBe(true);
  });

  test('holds for errors', async ({ gateway, key }) => {
    const isError = compile('ErrorResponse');
    for (const body of [{}, { model: 'nope', messages }, { model: 'simulated', messages, n: 0 }]) {
      expect(isError(await (await gateway.chat(key, body)).json())).toBe('');
    }
    expect(isError(await (await gateway.chat('sk-wrong', {})).json())).toBe('');
  });
});

describe("OpenAI's own client", () => {
  test('reads an answer that says that it is simulated, the same each time', async ({ client }) => {
    const ask = () => client.chat.completions.create({ model: 'simulated', messages });
    const [first, second] = [await ask(), await ask()];
    expect(first).toEqual(second);
    expect(first.choices[0]?.message.content).toMatch(/^\[simulated\] .*Why is the sky blue\?/);
    expect(first.system_fingerprint).toBe('simulated');
    expect(first.usage?.prompt_tokens).toBeGreaterThan(0);
    expect((await client.models.list()).data.map(({ id, owned_by }) => [id, owned_by])).toEqual([
      ['simulated', 'simulated'],
      ['simulated-large', 'simulated'],
    ]);
  });

  test('reads a stream that says the same as the whole answer', async ({ client }) => {
    const whole = await client.chat.completions.create({ model: 'simulated', messages });
    const stream = await client.chat.completions.create({
      model: 'simulated',
      messages,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) {
      expect(chunk.usage ?? null).toBeNull();
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe(whole.choices[0]?.message.content);
  });

  test('gets the usage of a stream when it asks for it, and the limits that it sets', async ({
    client,
  }) => {
    const stream = await client.chat.completions.create({
      model: 'simulated',
      messages,
      stream: true,
      max_completion_tokens: 4,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(4);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    const stopped = await client.chat.completions.create({
      model: 'simulated',
      messages,
      stop: ['sky'],
    });
    expect(stopped.choices[0]?.message.content).not.toContain('sky');
  });

  test('gets an answer whatever else it says', async ({ gateway, key }) => {
    for (const more of [{ stop: 5 }, { stop: null }, { stop: ['', 1] }, { tools: 'x', seed: {} }]) {
      const answer = await gateway.chat(key, { model: 'simulated', messages, ...more });
      expect(answer.status).toBe(200);
    }
  });

  test('knows our refusals by their classes', async ({ client, gateway, db }) => {
    const create = (of: OpenAI, model: string): Promise<unknown> =>
      of.chat.completions.create({ model, messages });
    await expect(create(client, 'nope')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const tenant = await makeTenant(db);
    const clientWith = async (of: Parameters<typeof makeKey>[2]): Promise<OpenAI> =>
      new OpenAI({
        apiKey: (await makeKey(db, tenant, of)).value,
        baseURL: `${gateway.url}/v1`,
        maxRetries: 0,
      });
    const poor = await clientWith({ limits: { usdPerDay: 0n } });
    await expect(create(poor, 'simulated')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const narrow = await clientWith({ models: ['simulated-large'] });
    await expect(create(narrow, 'simulated')).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    const stranger = new OpenAI({
      apiKey: 'sk-stranger',
      baseURL: `${gateway.url}/v1`,
      maxRetries: 0,
    });
    await expect(create(stranger, 'simulated')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });
});
