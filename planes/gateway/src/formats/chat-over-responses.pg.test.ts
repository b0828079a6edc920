import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, type FakeUpstream, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { answerEvents, answerJson, sharedWorldTest } from '../world-fixture.ts';

const PRICE = flatPrice(ratesOf({ input: 1_000n, cachedInput: 100n, output: 10_000n }));
const COST = 40n * 1_000n + 4n * 100n + 9n * 10_000n;
const test = sharedWorldTest((url) => ({
  deployments: [
    deploymentAt(url, {
      endpoint: {
        provider: 'openai-responses',
        baseUrl: url,
        credential: new Secret(UPSTREAM_KEY),
      },
      price: PRICE,
    }),
  ],
}));

const USAGE = {
  input_tokens: 44,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 53,
};
const REASONING = {
  id: 'rs_1',
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: 'hm' }],
  encrypted_content: 'gAAAA',
};
const CALL = {
  id: 'fc_1',
  type: 'function_call',
  call_id: 'call_1',
  name: 'look',
  arguments: '{"at":1}',
  status: 'completed',
};
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 7,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'm-upstream',
  output: [
    REASONING,
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'hi', annotations: [] }],
    },
    CALL,
  ],
  usage: USAGE,
};
const eventOf = (data: { readonly type: string; readonly [name: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const BEGIN = eventOf({ type: 'response.created', response: { ...RESPONSE, output: [] } });
const SAY = ['h', 'i'].map((delta) =>
  eventOf({ type: 'response.output_text.delta', output_index: 1, content_index: 0, delta }),
);
const STREAM = [
  BEGIN,
  eventOf({ type: 'response.reasoning_summary_text.delta', output_index: 0, delta: 'hm' }),
  eventOf({ type: 'response.output_item.done', output_index: 0, item: REASONING }),
  ...SAY,
  eventOf({
    type: 'response.output_item.added',
    output_index: 2,
    item: { ...CALL, arguments: '' },
  }),
  eventOf({
    type: 'response.function_call_arguments.delta',
    output_index: 2,
    delta: CALL.arguments,
  }),
  eventOf({ type: 'response.completed', response: RESPONSE }),
];

const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] };
const clientOf = (url: string, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const askedBody = ({ asked }: FakeUpstream): Record<string, unknown> =>
  JSON.parse(asked.at(-1)?.body.toString() ?? '') as Record<string, unknown>;

describe('a client of chats, and a model that speaks Responses alone', () => {
  test('get an answer, with its calls, paid by what was used (M2)', async ({
    gateway,
    key,
    upstream,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, RESPONSE);
    const { choices, usage } = await clientOf(gateway.url, key).chat.completions.create({
      ...ask,
      max_completion_tokens: 50,
    });
    expect(choices).toMatchObject([
      {
        finish_reason: 'tool_calls',
        message: {
          content: 'hi',
          tool_calls: [{ id: 'call_1', function: { name: 'look', arguments: '{"at":1}' } }],
        },
      },
    ]);
    expect(usage).toMatchObject({ prompt_tokens: 44, completion_tokens: 9 });
    expect(upstream.asked.at(-1)).toMatchObject({
      url: '/v1/responses',
      headers: { authorization: `Bearer ${UPSTREAM_KEY}` },
    });
    expect(askedBody(upstream)).toEqual({
      model: 'm-upstream',
      input: [{ role: 'user', content: 'hello' }],
      max_output_tokens: 50,
      store: false,
      include: ['reasoning.encrypted_content'],
    });
    expect(await wholeSpendOf(owner, tenant.orgId)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('a stream is passed on piece by piece, and ends when it is paid (M2)', async ({
    gateway,
    key,
    upstream,
    owner,
    tenant,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const stream = clientOf(gateway.url, key).chat.completions.stream({
      ...ask,
      stream_options: { include_usage: true },
    });
    const { choices, usage } = await stream.finalChatCompletion();
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'hi', tool_calls: [{ id: 'call_1', function: { name: 'look' } }] },
    });
    expect(usage).toMatchObject({ prompt_tokens: 44, completion_tokens: 9 });
    expect(await wholeSpendOf(owner, tenant.orgId)).toMatchObject([{ cost: COST, status: 'ok' }]);
    expect(await openReservations(owner, tenant.orgId)).toBe(0);
  });

  test('a stream that fails midway ends with an error of chat, and is paid (M3)', async ({
    gateway,
    key,
    upstream,
    owner,
    tenant,
  }) => {
    const error = { code: 'rate_limit_exceeded', message: 'slower, please' };
    const failed = { ...RESPONSE, status: 'failed', output: [], error, usage: null };
    const last = eventOf({ type: 'response.failed', response: failed });
    upstream.answer = (_, reply) => answerEvents(reply, [BEGIN, ...SAY, last]);
    const stream = await clientOf(gateway.url, key).chat.completions.create({
      ...ask,
      stream: true,
    });
    let text = '';
    await expect(async () => {
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
    }).rejects.toThrow('slower, please');
    expect(text).toBe('hi');
    expect(await wholeSpendOf(owner, tenant.orgId)).toMatchObject([
      { status: 'error', source: 'estimate' },
    ]);
  });

  test("Anthropic's client gets what was thought, and its next turn gives it back sealed", async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const client = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
    const turn = { model: 'm', max_tokens: 50 };
    const messages = [{ role: 'user' as const, content: 'hello' }];
    const { content } = await client.messages.stream({ ...turn, messages }).finalMessage();
    expect(content).toMatchObject([
      { type: 'thinking', thinking: 'hm', signature: expect.stringContaining('gAAAA') },
      { type: 'text', text: 'hi' },
      { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 1 } },
    ]);
    upstream.answer = (_, reply) => answerJson(reply, RESPONSE);
    await client.messages.create({
      ...turn,
      messages: [
        ...messages,
        { role: 'assistant', content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'ok' }] },
      ],
    });
    expect(askedBody(upstream)['input']).toMatchObject([
      { role: 'user', content: 'hello' },
      REASONING,
      { role: 'assistant', content: 'hi' },
      { type: 'function_call', call_id: 'call_1', name: 'look' },
      { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
    ]);
  });
});
