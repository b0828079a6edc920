import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import { describe, expect } from 'vitest';

import { deploymentAt, makeKey, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { answerEvents, answerJson, worldTest } from '../world-fixture.ts';
import { BLOCK, eventOf, MESSAGE, said, START, STREAM } from './messages-fixture.ts';

const test = worldTest.extend<{ client: Anthropic }>({
  client: async ({ upstream, start, key }, use) => {
    const endpoint = {
      provider: 'anthropic',
      baseUrl: upstream.url,
      credential: new Secret(UPSTREAM_KEY),
    } as const;
    const gateway = await start({ deployments: [deploymentAt(upstream.url, { endpoint })] });
    await use(new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 }));
  },
});

const ask = {
  model: 'm',
  max_tokens: 50,
  messages: [{ role: 'user' as const, content: 'hello' }],
};

describe("Anthropic's own client, and a provider that speaks its format", () => {
  test('reads a message, by both of its surfaces', async ({ client, upstream }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, MESSAGE, { headers: { 'request-id': 'req_1' } });
    const message = await client.messages.create(ask);
    expect(message).toMatchObject(MESSAGE);
    expect(message._request_id).toBe('req_1');
    await client.beta.messages.create({ ...ask, betas: ['unheard-of-2030'] });
    expect(upstream.asked.at(-1)).toMatchObject({
      headers: { 'anthropic-beta': 'unheard-of-2030' },
    });
  });

  test('reads a stream, and puts it together', async ({ client, upstream }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const stream = client.messages.stream(ask);
    const final = await stream.finalMessage();
    expect(final.content).toMatchObject([{ type: 'text', text: 'héllo' }]);
    expect(final.usage).toMatchObject({ input_tokens: 10, output_tokens: 5 });
  });

  test('reads the error that a stream ends with as one', async ({ client, upstream }) => {
    const error = eventOf({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } });
    upstream.answer = (_, reply) => answerEvents(reply, [START, BLOCK, said('a'), error]);
    await expect(client.messages.stream(ask).finalMessage()).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'overloaded_error' } },
    });
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(START + BLOCK + said('a'), () => reply.destroy());
    };
    await expect(client.messages.stream(ask).finalMessage()).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'api_error' } },
    });
  });

  test('knows refusals by their classes, ours and the provider’s', async ({
    client,
    upstream,
    db,
    tenant,
  }) => {
    const limits = { usdPerDay: 0n };
    const withKey = (apiKey: string): Anthropic => client.withOptions({ apiKey });
    const poor = withKey((await makeKey(db, tenant, { limits })).value);
    await expect(poor.messages.create(ask)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    const stranger = withKey('sk-stranger');
    await expect(stranger.messages.create(ask)).rejects.toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
    await expect(client.messages.create({ ...ask, model: 'x' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    expect(upstream.asked).toEqual([]);
    const error = { type: 'error', error: { type: 'invalid_request_error', message: 'no' } };
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 400 });
    await expect(client.messages.create(ask)).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 529 });
    await expect(client.messages.create(ask)).rejects.toBeInstanceOf(Anthropic.InternalServerError);
  });
});
