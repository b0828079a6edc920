import { Secret } from '@sagewai/config';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { deploymentAt, makeKey, type RunningGateway, startGateway } from '../gateway-fixture.ts';
import { checkAnswers, isDescribed, mistakesIn } from '../openai-answers-fixture.ts';
import { worldTest } from '../world-fixture.ts';
import { BLOCK, said, START } from './messages-fixture.ts';

const compile = (name: string) => (value: unknown) => mistakesIn(name, value);

interface World {
  readonly gateway: RunningGateway;
  readonly key: string;
  readonly client: OpenAI;
}

const OF_FILE = { scope: 'file' } as const;

const test = fileDatabaseTest.extend<World>({
  gateway: [
    async ({ db }, use) => {
      const gateway = await startGateway(db, {});
      await use(gateway);
      await gateway.close();
    },
    OF_FILE,
  ],
  key: [
    async ({ db }, use) => {
      await use((await makeKey(db, await makeTenant(db))).value);
    },
    OF_FILE,
  ],
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
    expect(isDescribed() || process.env['REQUIRE_ALL'] !== '1').toBe(true);
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
    expect(isAnswer({}) !== '' || !isDescribed()).toBe(true);
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
    expect(isChunk({}) !== '' || !isDescribed()).toBe(true);
  });

  test('holds for errors, of every surface', async ({ gateway, key }) => {
    const { fetch, count, mistakes } = checkAnswers();
    const paths = ['chat/completions', 'completions', 'responses', 'embeddings', 'moderations'];
    const messages = [{ role: 'user', content: 'a' }];
    const bodies = [
      '{',
      '{}',
      '{"model":"m","Model":"m"}',
      JSON.stringify({ model: 'nope', messages, input: 'a', prompt: 'a' }),
      JSON.stringify({ model: 'simulated', messages, input: 'a', prompt: 'a', n: 0, stream: 7 }),
    ];
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    for (const path of paths) {
      const url = `${gateway.url}/v1/${path}`;
      for (const body of bodies) await fetch(url, { method: 'POST', headers, body });
      await fetch(url, { method: 'POST', headers: { authorization: 'Bearer sk-wrong' } });
      await fetch(url, { headers });
    }
    await fetch(`${gateway.url}/v1/models/nope`, { headers });
    await fetch(`${gateway.url}/v1/models`);
    expect(await mistakes()).toEqual([]);
    expect(count()).toBe(paths.length * (bodies.length + 2) + 2);
  });
});

worldTest(
  "OpenAI's description holds for streams that break off midway, whoever provides them",
  async ({ upstream, key, start }) => {
    const chunk = (delta: object): string =>
      `data: ${JSON.stringify({
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'up',
        choices: [{ index: 0, delta, finish_reason: null }],
      })}\n\n`;
    upstream.answer = ({ url }, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      const isMessages = url?.endsWith('/messages') === true;
      const begun = isMessages
        ? START + BLOCK + said('a')
        : chunk({ role: 'assistant', content: 'a' });
      reply.write(begun, () => reply.destroy());
    };
    const at = (provider: 'anthropic' | 'openai') =>
      deploymentAt(upstream.url, {
        id: provider,
        model: provider,
        endpoint: { provider, baseUrl: upstream.url, credential: new Secret('sk-upstream') },
      });
    const gateway = await start({ deployments: [at('anthropic'), at('openai')] });
    const { fetch, mistakes } = checkAnswers();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const ask = async (path: string, body: object): Promise<string> => {
      const sent = JSON.stringify({ stream: true, ...body });
      const answer = await fetch(`${gateway.url}/v1/${path}`, {
        method: 'POST',
        headers,
        body: sent,
      });
      return answer.text();
    };
    const messages = [{ role: 'user', content: 'a' }];
    for (const model of ['anthropic', 'openai']) {
      expect(await ask('chat/completions', { model, messages })).toContain('"error"');
      expect(await ask('completions', { model, prompt: 'a' })).toContain('"error"');
    }
    expect(await ask('responses', { model: 'anthropic', input: 'a' })).toContain('event: error');
    expect(await mistakes()).toEqual([]);
  },
);

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
