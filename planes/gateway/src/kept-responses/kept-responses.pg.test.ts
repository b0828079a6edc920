import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';

import { Secret } from '@sagewai/config';
import { makeTenant } from '@sagewai/testing';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { changesOf, openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, type RunningGateway } from '../gateway-fixture.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import { answerEvents, answerJson, sharedWorldTest } from '../world-fixture.ts';

const at = (url: string, id: string, provider: 'openai' | 'compatible' = 'openai') =>
  deploymentAt(url, {
    id,
    model: provider === 'openai' ? 'm' : 'translated',
    upstreamModel: `up-${id}`,
    endpoint: { provider, baseUrl: url, credential: new Secret(`sk-${id}`) },
  });

const clientOf = (gateway: RunningGateway, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const test = sharedWorldTest((url) => ({
  deployments: [
    at(url, 'one'),
    at(url, 'two'),
    at(url, 'three'),
    { ...at(url, 'other'), model: 'other' },
    at(url, 'chat-only', 'compatible'),
  ],
})).extend<{ client: OpenAI }>({
  client: async ({ gateway, key }, use) => {
    const { fetch, mistakes } = checkAnswers();
    await use(clientOf(gateway, key).withOptions({ fetch }));
    assert.deepEqual(await mistakes(), []);
  },
});

const responseOf = (id: string, previous: string | null = null) => ({
  id,
  object: 'response',
  created_at: 1,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  model: 'm-upstream',
  previous_response_id: previous,
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: `I am ${id}`, annotations: [], logprobs: [] }],
    },
  ],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  metadata: {},
  temperature: 1,
  top_p: 1,
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 15,
  },
});

let made = 0;

/** As a provider does that keeps responses: each is known under the credential that made it. */
function answerKept(body: Buffer, reply: ServerResponse): void {
  const { previous_response_id: previous = null } = JSON.parse(body.toString()) as {
    previous_response_id?: string | null;
  };
  answerJson(reply, responseOf(`resp_up${++made}`, previous));
}

describe('a response that its provider keeps', () => {
  test('has an id of ours, and what goes on from it reaches the same credential (K2, K3)', async ({
    client,
    upstream,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply, body) => answerKept(body, reply);
    let previous = await client.responses.create({ model: 'm', input: 'hello' });
    const credential = upstream.asked[0]?.headers.authorization;
    const model = (JSON.parse(upstream.asked[0]?.body.toString() ?? '') as { model: string }).model;
    for (let turn = 0; turn < 6; turn++) {
      expect(previous.id).toMatch(/^resp_s1\./);
      const theirs = `resp_up${made}`;
      // Nothing of what was said changes but the ids.
      expect(previous.output_text).toBe(`I am ${theirs}`);
      const next = await client.responses.create({
        model: 'm',
        input: 'and?',
        previous_response_id: previous.id,
      });
      const asked = upstream.asked.at(-1);
      expect(asked?.headers.authorization).toBe(credential);
      expect(JSON.parse(asked?.body.toString() ?? '')).toEqual({
        model,
        input: 'and?',
        previous_response_id: theirs,
        max_output_tokens: undefined,
      });
      expect(next.previous_response_id).toBe(previous.id);
      previous = next;
    }
    expect(await wholeSpendOf(owner, tenant.orgId)).toHaveLength(7);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
  });

  test('is bounded by the whole context when it goes on: earlier turns are not in the body (M1)', async ({
    client,
    gateway,
    upstream,
    db,
    tenant,
  }) => {
    upstream.answer = (_, reply, body) => answerKept(body, reply);
    const first = await client.responses.create({ model: 'm', input: 'hello' });
    // 100,000 tokens of context at 1,000 pico-dollars each, beside 16 of output.
    const limits = { usdPerDay: 100_000n * 1_000n };
    const poor = clientOf(gateway, (await makeKey(db, tenant, { limits })).value);
    const ask = { model: 'm', input: 'x', max_output_tokens: 16 };
    await expect(
      poor.responses.create({ ...ask, previous_response_id: first.id }),
    ).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    expect(upstream.asked).toHaveLength(1);
    await poor.responses.create(ask);
    expect(upstream.asked).toHaveLength(2);
  });

  test('is streamed with that id in each event that names it (K3)', async ({
    client,
    upstream,
    gateway,
    key,
  }) => {
    const response = responseOf('resp_streamed');
    const running = { ...response, status: 'in_progress', output: [], usage: undefined };
    const item = response.output[0];
    const events = [
      { type: 'response.created', response: running, sequence_number: 0 },
      { type: 'response.in_progress', response: running, sequence_number: 1 },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...item, status: 'in_progress', content: [] },
        sequence_number: 2,
      },
      {
        type: 'response.content_part.added',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        part: { type: 'output_text', text: '', annotations: [], logprobs: [] },
        sequence_number: 3,
      },
      {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: '"id":"resp_streamed"',
        logprobs: [],
        sequence_number: 4,
      },
      { type: 'response.completed', response, sequence_number: 5 },
    ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    // In any cut: here within the first id, and within the last.
    const text = events.join('');
    const cuts = [text.indexOf('resp_streamed') + 5, text.lastIndexOf('resp_streamed') + 3];
    const pieces = [text.slice(0, cuts[0]), text.slice(cuts[0], cuts[1]), text.slice(cuts[1])];
    upstream.answer = (_, reply) => answerEvents(reply, pieces);
    const raw = await gateway.post(
      '/v1/responses',
      { model: 'm', input: 'x', stream: true },
      { authorization: `Bearer ${key}` },
    );
    const got = await raw.text();
    const ours = /"id":"(resp_s1\.[^"]+)"/.exec(got)?.[1] ?? '';
    // The text is as it was, and so is every byte but the ids.
    expect(got.replaceAll(ours, 'resp_streamed')).toBe(text);
    expect(got).toContain(String.raw`\"id\":\"resp_streamed\"`);

    const stream = client.responses.stream({ model: 'm', input: 'x' });
    const final = await stream.finalResponse();
    expect(final.id).toMatch(/^resp_s1\./);
    await client.responses.retrieve(final.id).catch(() => undefined);
    expect(upstream.asked.at(-1)?.url).toBe('/v1/responses/resp_streamed');
    // Nobody is sent to where a provider points (M6).
    upstream.answer = (_, reply) =>
      void reply.writeHead(307, { location: 'http://inside.example' }).end();
    await expect(client.responses.retrieve(final.id)).rejects.toMatchObject({ status: 502 });
  });

  test('is read, listed and deleted at the deployment that keeps it, for nothing (K2)', async ({
    client,
    upstream,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply, body) => answerKept(body, reply);
    const { id } = await client.responses.create({ model: 'm', input: 'hello' });
    const theirs = `resp_up${made}`;
    const credential = upstream.asked[0]?.headers.authorization;
    upstream.answer = ({ method, url }, reply) => {
      if (method === 'DELETE') answerJson(reply, { id: theirs, object: 'response', deleted: true });
      else if (url?.includes('input_items') === true)
        answerJson(reply, {
          object: 'list',
          data: [],
          first_id: null,
          last_id: null,
          has_more: false,
        });
      else answerJson(reply, responseOf(theirs));
    };
    expect((await client.responses.retrieve(id)).id).toBe(id);
    expect((await client.responses.inputItems.list(id, { limit: 5 })).data).toEqual([]);
    await client.responses.delete(id);
    expect(upstream.asked.slice(1).map(({ url, headers }) => [url, headers.authorization])).toEqual(
      [
        [`/v1/responses/${theirs}`, credential],
        [`/v1/responses/${theirs}/input_items?limit=5`, credential],
        [`/v1/responses/${theirs}`, credential],
      ],
    );
    expect(await wholeSpendOf(owner, tenant.orgId)).toHaveLength(1);
    expect(await changesOf(owner, tenant.orgId)).toContain('gateway.deleteResponse');
  });

  test('is not there for another project, organization or key without that model (K1)', async ({
    client,
    gateway,
    upstream,
    db,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply, body) => answerKept(body, reply);
    const { id } = await client.responses.create({ model: 'm', input: 'hello' });
    const others = [
      await makeKey(db, await makeTenant(db)),
      await makeKey(db, tenant, { models: ['other'] }),
    ];
    for (const { value } of others) {
      const other = clientOf(gateway, value);
      await expect(other.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      await expect(other.responses.delete(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      await expect(other.responses.inputItems.list(id)).rejects.toBeInstanceOf(
        OpenAI.NotFoundError,
      );
    }
    const [stranger] = others;
    const ask = { model: 'm', input: 'x', previous_response_id: id };
    await expect(
      clientOf(gateway, stranger?.value ?? '').responses.create(ask),
    ).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    // The provider's own id opens nothing, for nobody.
    await expect(client.responses.retrieve(`resp_up${made}`)).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    expect(upstream.asked).toHaveLength(1);
    expect(await changesOf(owner, tenant.orgId)).not.toContain('gateway.deleteResponse');
  });

  test('goes on with the model that answered it alone, and is streamed once', async ({
    client,
    upstream,
  }) => {
    upstream.answer = (_, reply, body) => answerKept(body, reply);
    const { id } = await client.responses.create({ model: 'm', input: 'hello' });
    for (const model of ['other', 'translated']) {
      await expect(
        client.responses.create({ model, input: 'x', previous_response_id: id }),
      ).rejects.toThrow(/previous_response_id/);
    }
    await expect(client.responses.retrieve(id, { stream: true })).rejects.toThrow(/stream/);
    expect(upstream.asked).toHaveLength(1);
  });

  test('is not kept where its client says so: its bytes are the provider’s (M5)', async ({
    upstream,
    gateway,
    key,
  }) => {
    const text = `${JSON.stringify(responseOf('resp_plain'), null, 1)}\n`;
    upstream.answer = (_, reply) => answerJson(reply, text);
    const headers = { authorization: `Bearer ${key}` };
    const answer = await gateway.post(
      '/v1/responses',
      { model: 'm', input: 'x', store: false },
      headers,
    );
    expect(await answer.text()).toBe(text);
  });
});
