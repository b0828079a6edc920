import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';

import { callDelta, chunkOf, chunksOf, completion } from '../completion-fixture.ts';
import { type JsonObject, objectsOf } from '../json.ts';
import { openSchemas } from '../openai-schema-fixture.ts';
import { chatAnswerToResponse } from './chat-answer-to-response.ts';
import { ChatStreamToResponse, type ResponseEvent } from './chat-stream-to-response.ts';
import { thinkingOf } from './reasoning.ts';
import { responsesRequestToChat } from './responses-request-to-chat.ts';

const describedAs = openSchemas(process.env['TEST_DATA_DIR']);

const REQUEST = {
  model: 'm',
  input: 'x',
  instructions: 'Be brief.',
  tools: [
    { type: 'function', name: 'f', parameters: { type: 'object' }, strict: null },
    { type: 'custom', name: 'patch' },
  ],
} as unknown as JsonObject;
const options = { request: REQUEST, createdAt: 7 };

function streamed(chunks: readonly JsonObject[]): ResponseEvent[] {
  const stream = new ChatStreamToResponse(options);
  return [...chunks.flatMap((chunk) => stream.push(chunk)), ...stream.end()];
}

const lastOf = (events: readonly ResponseEvent[]): JsonObject =>
  events.at(-1)?.data['response'] as JsonObject;

/** OpenAI's own client, told these bytes. */
async function readByClient(events: readonly ResponseEvent[]): Promise<JsonObject> {
  const text = events
    .map(({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
  const client = new OpenAI({
    apiKey: 'none',
    fetch: async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const stream = client.responses.stream({ model: 'm', input: 'x' });
  return (await stream.finalResponse()) as unknown as JsonObject;
}

describe('a chat completion, as a response', () => {
  test('is what OpenAI describes, streamed or whole, and both say the same', () => {
    const mistakesOf = describedAs('Response');
    const mistakesOfEvent = describedAs('ResponseStreamEvent');
    fc.assert(
      fc.property(completion, fc.integer({ min: 1, max: 5 }), (answer, cut) => {
        const chat = answer as unknown as JsonObject;
        const whole = chatAnswerToResponse(chat, options);
        expect(mistakesOf(whole)).toBe('');
        const events = streamed(chunksOf(chat, cut));
        for (const [at, { event, data }] of events.entries()) {
          expect(mistakesOfEvent(data)).toBe('');
          expect(data).toMatchObject({ type: event, sequence_number: at });
        }
        expect(lastOf(events)).toEqual(whole);
      }),
      { numRuns: 150 },
    );
    expect(mistakesOf({}) !== '' || process.env['REQUIRE_ALL'] !== '1').toBe(true);
  });

  test('is put together by the client of OpenAI as it was said', async () => {
    await fc.assert(
      fc.asyncProperty(completion, fc.integer({ min: 1, max: 5 }), async (answer, cut) => {
        const events = streamed(chunksOf(answer as unknown as JsonObject, cut));
        const { output, usage, status } = lastOf(events);
        // Its own view of the texts and of what was parsed is beside what was said.
        expect(await readByClient(events)).toMatchObject({ output, usage, status } as object);
      }),
      { numRuns: 30 },
    );
  });

  test('each piece of text is passed on when it arrives', () => {
    const stream = new ChatStreamToResponse(options);
    const names = (chunk: JsonObject): string[] => stream.push(chunk).map(({ event }) => event);
    expect(names(chunkOf({ role: 'assistant', content: '' }))).toEqual([
      'response.created',
      'response.in_progress',
    ]);
    expect(names(chunkOf({ reasoning_content: 'hm' }))).toEqual([
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
    ]);
    expect(names(chunkOf({ content: 'a' }))).toEqual([
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
    ]);
    expect(names(chunkOf({ content: 'b' }))).toEqual(['response.output_text.delta']);
    expect(names(chunkOf({}, 'stop'))).toEqual([]);
    expect(stream.end().map(({ event }) => event)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(stream.end()).toEqual([]);
    expect(stream.push(chunkOf({ content: 'late' }))).toEqual([]);
  });

  test('what was said ends where something is called, and what is said then is another message', () => {
    const events = streamed([
      chunkOf({ content: 'first' }),
      chunkOf(callDelta(0, { id: 'a', function: { name: 'f', arguments: '{}' } })),
      chunkOf({ content: 'then' }, 'stop'),
    ]);
    const { output } = lastOf(events);
    expect(output).toMatchObject([{ id: 'msg_1' }, { type: 'function_call' }, { id: 'msg_1_2' }]);
    expect(events.filter(({ event }) => event.includes('output_item'))).toMatchObject([
      { event: 'response.output_item.added', data: { output_index: 0 } },
      { event: 'response.output_item.done', data: { output_index: 0 } },
      { event: 'response.output_item.added', data: { output_index: 1 } },
      { event: 'response.output_item.added', data: { output_index: 2 } },
      { event: 'response.output_item.done', data: { output_index: 2 } },
      { event: 'response.output_item.done', data: { output_index: 1 } },
    ]);
  });

  test('each signature is of what was thought since the one before it', () => {
    const sign = (signature: string): JsonObject =>
      chunkOf({ thinking_blocks: [{ type: 'thinking', thinking: '', signature }] });
    const events = streamed([
      chunkOf({ reasoning_content: 'one' }),
      sign('a'),
      chunkOf({ reasoning_content: 'two' }),
      sign('b'),
    ]);
    const [item] = objectsOf(lastOf(events)['output']);
    expect(thinkingOf(item ?? {})).toEqual([
      { type: 'thinking', thinking: 'one', signature: 'a' },
      { type: 'thinking', thinking: 'two', signature: 'b' },
    ]);
    expect(thinkingOf({ encrypted_content: `of another maker[{"type":"thinking"}]` })).toEqual([]);
  });

  test('calls whose pieces interleave are kept apart, also under one index', () => {
    const events = streamed([
      chunkOf(callDelta(0, { id: 'a', function: { name: 'f', arguments: '{"x"' } })),
      chunkOf(callDelta(1, { id: 'b', function: { name: 'g', arguments: '' } })),
      chunkOf(callDelta(0, { function: { arguments: ':1}' } })),
      chunkOf(callDelta(1, { id: 'c', function: { name: 'f', arguments: '{}' } }), 'tool_calls'),
    ]);
    expect(lastOf(events)['output']).toMatchObject([
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}', status: 'completed' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{}' },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ]);
  });

  test('a call of a tool of free text is turned back', () => {
    const made = { name: 'patch', arguments: '{"input":"*** Begin"}' };
    const call = { id: 'c', type: 'function', function: made };
    const expected = [
      { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '*** Begin' },
    ];
    const whole = chatAnswerToResponse(
      { id: 'chatcmpl-1', choices: [{ message: { tool_calls: [call] }, finish_reason: 'stop' }] },
      options,
    );
    expect(whole['output']).toMatchObject(expected);
    const events = streamed([
      chunkOf(callDelta(0, { id: 'c', function: { name: 'patch', arguments: '{"input":"***' } })),
      chunkOf(callDelta(0, { function: { arguments: ' Begin"}' } }), 'tool_calls'),
    ]);
    expect(lastOf(events)['output']).toMatchObject(expected);
    const told = events.filter(({ event }) => event.includes('custom_tool_call_input'));
    expect(told.map(({ data }) => data['delta'] ?? data['input'])).toEqual([
      '*** Begin',
      '*** Begin',
    ]);
    for (const { data } of events) expect(describedAs('ResponseStreamEvent')(data)).toBe('');
  });

  test.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('that was cut off by %s is incomplete', async (finish, reason) => {
    const events = streamed([chunkOf({ content: 'a' }, finish)]);
    expect(events.at(-1)?.event).toBe('response.incomplete');
    expect(lastOf(events)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
      output: [{ status: 'incomplete' }],
    });
    expect(describedAs('ResponseStreamEvent')(events.at(-1)?.data)).toBe('');
    expect(await readByClient(events)).toMatchObject({ status: 'incomplete' });
  });

  test('a stream that breaks off ends with what went wrong, and with what was said', async () => {
    const stream = new ChatStreamToResponse(options);
    const events = [
      ...stream.push(chunkOf({ content: 'half' })),
      ...stream.fail({ code: 'server_error', message: 'gone' }),
    ];
    expect(events.at(-1)?.event).toBe('response.failed');
    expect(lastOf(events)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'gone' },
      output: [{ content: [{ text: 'half' }], status: 'incomplete' }],
    });
    expect(describedAs('ResponseStreamEvent')(events.at(-1)?.data)).toBe('');
    expect(await readByClient(events)).toMatchObject({ status: 'failed' });
  });

  test('signed thinking comes back word for word when its item is sent back', () => {
    const signed = { type: 'thinking', thinking: 'so …\u2028', signature: 'c2ln' };
    const redacted = { type: 'redacted_thinking', data: 'x' };
    const whole = chatAnswerToResponse(
      {
        id: 'chatcmpl-1',
        choices: [
          {
            message: {
              content: 'yes',
              reasoning_content: 'so …\u2028',
              thinking_blocks: [signed, redacted],
            },
          },
        ],
      },
      options,
    );
    const events = streamed([
      chunkOf({ reasoning_content: 'so …' }),
      chunkOf({ reasoning_content: '\u2028' }),
      chunkOf({ thinking_blocks: [{ type: 'thinking', thinking: '', signature: 'c2ln' }] }),
      chunkOf({ thinking_blocks: [redacted] }),
      chunkOf({ content: 'yes' }, 'stop'),
    ]);
    for (const { output } of [whole, lastOf(events)]) {
      const again = { input: [...objectsOf(output), { role: 'user', content: 'why?' }] };
      const { body, lost } = responsesRequestToChat(again as unknown as JsonObject, {
        maxTokensField: 'max_tokens',
        keepsThinking: true,
        customTools: 'function',
      });
      expect(lost).toEqual([]);
      expect(body['messages']).toEqual([
        { role: 'assistant', content: 'yes', thinking_blocks: [signed, redacted] },
        { role: 'user', content: 'why?' },
      ]);
    }
  });

  test('usage says how much of it was cached and thought', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    };
    expect(chatAnswerToResponse({ choices: [], usage }, options)['usage']).toEqual({
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 15,
    });
  });
});
