import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, type RunningGateway, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { answerJson, worldTest } from '../world-fixture.ts';

const test = worldTest.extend<{ gateway: RunningGateway; client: Anthropic }>({
  gateway: async ({ upstream, start }, use) => {
    const { url } = upstream;
    const endpoint = {
      provider: 'anthropic',
      baseUrl: url,
      credential: new Secret(UPSTREAM_KEY),
    } as const;
    const gateway = await start({
      deployments: [
        deploymentAt(url, { model: 'claude-x', id: 'native', endpoint }),
        deploymentAt(url, { model: 'other/y', id: 'other' }),
      ],
      simulated: null,
    });
    await use(gateway);
  },
  client: async ({ gateway, key }, use) => {
    await use(new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 }));
  },
});

const ask = { model: 'claude-x', messages: [{ role: 'user' as const, content: 'hello' }] };

describe('the tokens of a prompt', () => {
  test('are counted by a provider that can, and cost nothing', async ({
    client,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, { input_tokens: 42 }, { headers: { 'request-id': 'req_1' } });
    const counted = await client.messages.countTokens(ask);
    expect(counted).toMatchObject({ input_tokens: 42 });
    expect(counted._request_id).toBe('req_1');
    expect(upstream.asked[0]).toMatchObject({
      url: '/v1/messages/count_tokens',
      headers: { 'x-api-key': UPSTREAM_KEY, 'anthropic-version': expect.any(String) },
    });
    expect(upstream.asked[0]?.body.toString()).toBe(
      JSON.stringify(ask).replace('"claude-x"', '"m-upstream"'),
    );
    expect(await wholeSpendOf(owner)).toEqual([]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('are estimated where the provider cannot, and the answer says so', async ({
    client,
    upstream,
  }) => {
    const counted = client.messages.countTokens({ ...ask, model: 'other/y' });
    const { data, response } = await counted.withResponse();
    expect(data.input_tokens).toBeGreaterThan(5);
    expect(response.headers.get('x-sagewai-usage-source')).toBe('estimate');
    expect(upstream.asked).toEqual([]);
  });

  test('are free, and so limited by themselves, for each caller', async ({
    start,
    key,
    upstream,
    db,
    tenant,
  }) => {
    const gateway = await start({
      deployments: [deploymentAt(upstream.url, { model: 'other/y', id: 'other' })],
      tokenCountsPerMinute: 2,
    });
    const other = (await makeKey(db, tenant)).value;
    const statuses: number[] = [];
    for (const value of [key, key, key, other]) {
      const body = { ...ask, model: 'other/y' };
      const counted = await gateway.post('/v1/messages/count_tokens', body, { 'x-api-key': value });
      statuses.push(counted.status);
      if (counted.status === 429) expect(counted.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  test('are refused as a call would be, by us and by the provider', async ({
    client,
    gateway,
    upstream,
    db,
    tenant,
    key,
  }) => {
    const narrow = (await makeKey(db, tenant, { models: ['other/y'] })).value;
    await expect(
      client.withOptions({ apiKey: narrow }).messages.countTokens(ask),
    ).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError);
    await expect(client.messages.countTokens({ ...ask, model: 'z' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    const twice = await gateway.post(
      '/v1/messages/count_tokens',
      '{"model":"claude-x","Model":"other","messages":[]}',
      { 'x-api-key': key },
    );
    expect(twice.status).toBe(400);
    expect(upstream.asked).toEqual([]);
    const error = { type: 'error', error: { type: 'invalid_request_error', message: 'no' } };
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 400 });
    await expect(client.messages.countTokens(ask)).rejects.toMatchObject({ status: 400, error });
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 401 });
    await expect(client.messages.countTokens(ask)).rejects.toMatchObject({ status: 502 });
    upstream.answer = (_, reply) =>
      reply.writeHead(307, { location: 'http://inside.example' }).end();
    await expect(client.messages.countTokens(ask)).rejects.toMatchObject({ status: 502 });
    upstream.answer = (_, reply) => reply.destroy();
    await expect(client.messages.countTokens(ask)).rejects.toMatchObject({ status: 502 });
  });
});

describe('the models', () => {
  test("are listed to Anthropic's client in its shape, in pages", async ({ client }) => {
    const page = await client.models.list({ limit: 1 });
    expect(page).toMatchObject({ has_more: true, first_id: 'claude-x', last_id: 'claude-x' });
    const names: string[] = [];
    for await (const { id, type, display_name } of page)
      names.push(`${type} ${id} ${display_name}`);
    expect(names).toEqual(['model claude-x claude-x', 'model other/y other/y']);
    expect(await client.models.retrieve('other/y')).toMatchObject({
      id: 'other/y',
      max_input_tokens: 100_000,
      max_tokens: 1_000,
    });
    await expect(client.models.retrieve('nope')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  test("are listed to OpenAI's client in the other, and only those that a key may call", async ({
    gateway,
    db,
    tenant,
  }) => {
    const apiKey = (await makeKey(db, tenant, { models: ['other/y'] })).value;
    const client = new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    expect((await client.models.list()).data).toMatchObject([{ id: 'other/y', object: 'model' }]);
    expect(await client.models.retrieve('other/y')).toMatchObject({ id: 'other/y' });
    await expect(client.models.retrieve('claude-x')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});
