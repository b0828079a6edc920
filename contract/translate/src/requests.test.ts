import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chatRequestToMessages } from './chat-request-to-messages.ts';
import type { JsonObject } from './json.ts';
import { messagesRequestToChat } from './messages-request-to-chat.ts';
import { Untranslatable } from './translation.ts';

const toMessages = (request: JsonObject) =>
  chatRequestToMessages(request, { maxTokensDefault: 4_096 });
const toChat = (request: JsonObject) =>
  messagesRequestToChat(request, { maxTokensField: 'max_tokens', keepsThinking: true });

const call = (id: string, input: object): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'look_up', arguments: JSON.stringify(input) },
});

describe('a chat request, for Anthropic', () => {
  test('keeps every system message, in order', () => {
    const { body } = toMessages({
      model: 'm',
      messages: [
        { role: 'system', content: 'first' },
        { role: 'user', content: 'hello' },
        { role: 'developer', content: [{ type: 'text', text: 'second' }] },
      ],
    });
    expect(body['system']).toEqual([
      { type: 'text', text: 'first' },
      { type: 'text', text: 'second' },
    ]);
    expect(body['messages']).toEqual([{ role: 'user', content: 'hello' }]);
  });

  test('puts the results of parallel calls into one turn, with what the user says next', () => {
    const { body } = toMessages({
      messages: [
        { role: 'assistant', content: null, tool_calls: [call('a', { q: 1 }), call('b', {})] },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'two' }] },
        { role: 'user', content: 'and now?' },
      ],
    });
    expect(body['messages']).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'look_up', input: { q: 1 } },
          { type: 'tool_use', id: 'b', name: 'look_up', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'one' },
          { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'two' }] },
          { type: 'text', text: 'and now?' },
        ],
      },
    ]);
  });

  test.each([
    ['empty arguments', '', {}],
    ['arguments that are no object', '[1]', { unparsed_arguments: '[1]' }],
    ['broken arguments', '{"a":', { unparsed_arguments: '{"a":' }],
  ])('%s become an object', (_what, text, input) => {
    const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: text } }];
    const { body } = toMessages({ messages: [{ role: 'assistant', tool_calls: calls }] });
    expect(body['messages']).toMatchObject([{ content: [{ type: 'tool_use', input }] }]);
  });

  test('replays signed thinking first and word for word', () => {
    const thinking = { type: 'thinking', thinking: ' so …\u2028', signature: 'c2ln' };
    const { body } = toMessages({
      messages: [{ role: 'assistant', content: 'yes', thinking_blocks: [thinking] }],
    });
    expect(body['messages']).toEqual([
      { role: 'assistant', content: [thinking, { type: 'text', text: 'yes' }] },
    ]);
  });

  test.each([
    ['Gemini', 'gemini:0:c2ln'],
    ['OpenAI', 'reasoning_item:{"id":"rs_1","sealed":"x"}'],
    ['nobody', ''],
  ])('leaves out what %s signed, and says so', (_who, signature) => {
    const thinking = { type: 'thinking', thinking: 'x', signature };
    const { body, lost } = toMessages({
      messages: [{ role: 'assistant', content: 'yes', thinking_blocks: [thinking] }],
    });
    expect(body['messages']).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'yes' }] },
    ]);
    expect(lost).toEqual(['messages.thinking_blocks']);
  });

  test('takes nested and flat tools, and offers a choice only beside tools', () => {
    const parameters = { type: 'object', properties: { q: { type: 'string' } } };
    const nested = { type: 'function', function: { name: 'a', parameters } };
    const flat = { type: 'function', name: 'b', description: 'B', parameters };
    const request = { messages: [], tool_choice: 'required', parallel_tool_calls: false };
    expect(toMessages({ ...request, tools: [nested, flat] }).body).toMatchObject({
      tools: [
        { name: 'a', input_schema: parameters },
        { name: 'b', description: 'B', input_schema: parameters },
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    expect(toMessages(request).body).not.toHaveProperty('tool_choice');
  });

  test('thinks within its limit, and neither warms nor forces the answer then', () => {
    const request = { messages: [], max_tokens: 5_000, reasoning_effort: 'high', temperature: 0.2 };
    const { body, lost } = toMessages(request);
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 4_999 });
    expect(body).not.toHaveProperty('temperature');
    expect(lost).toEqual(['temperature']);
    expect(toMessages({ ...request, max_tokens: 900 }).body).not.toHaveProperty('thinking');
    const forced = {
      ...request,
      tools: [{ type: 'function', name: 'f' }],
      tool_choice: 'required',
    };
    expect(toMessages(forced).body).not.toHaveProperty('thinking');
  });

  test('says what it had to leave out', () => {
    const { lost } = toMessages({
      n: 2,
      seed: 1,
      logprobs: true,
      temperature: 1.5,
      response_format: { type: 'json_object' },
      tools: [{ type: 'custom', custom: { name: 'x' } }],
      messages: [
        { role: 'user', content: [{ type: 'input_audio', input_audio: {} }] },
        { role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] },
      ],
    });
    expect(lost).toEqual([
      'logprobs',
      'seed',
      'n',
      'tools.custom',
      'messages.content.input_audio',
      'messages.content.file.file_id',
      'temperature',
      'response_format.json_object',
    ]);
  });
});

describe('a request of Anthropic’s, for an OpenAI-compatible provider', () => {
  test('gives every result a message of its own right after the calls, pictures and words after them', () => {
    const { body } = toChat({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'tool_result', tool_use_id: 'a', content: 'no', is_error: true },
            {
              type: 'tool_result',
              tool_use_id: 'b',
              content: [
                { type: 'text', text: 'seen' },
                {
                  type: 'image',
                  source: { type: 'base64', media_type: 'image/png', data: 'AA==' },
                },
              ],
            },
          ],
        },
      ],
    });
    expect(body['messages']).toEqual([
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'Error:' },
          { type: 'text', text: 'no' },
        ],
      },
      { role: 'tool', tool_call_id: 'b', content: 'seen' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the result of b:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          { type: 'text', text: 'look' },
        ],
      },
    ]);
  });

  test('keeps the marks of the cache on every block', () => {
    const cache_control = { type: 'ephemeral', ttl: '1h' };
    const { body } = toChat({
      system: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b', cache_control },
      ],
      tools: [{ name: 't', input_schema: { type: 'object' }, cache_control }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'c', cache_control }] }],
    });
    expect(JSON.stringify(body).match(/"ttl":"1h"/g)).toHaveLength(3);
  });

  test.each([
    [
      'a tool that Anthropic runs',
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    ],
    [
      'a history with such calls',
      { messages: [{ role: 'assistant', content: [{ type: 'server_tool_use', id: 'x' }] }] },
    ],
  ])('%s is refused, not dropped', (_what, request) => {
    expect(() => toChat(request as JsonObject)).toThrow(Untranslatable);
  });

  test.each([
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, 'minimal'],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'high'],
    [{ thinking: { type: 'adaptive' } }, 'medium'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'xhigh'],
    [{ thinking: { type: 'disabled' }, output_config: { effort: 'low' } }, undefined],
    [{}, undefined],
  ])('effort of %j is %s', (request, effort) => {
    expect(toChat({ ...request, messages: [] } as JsonObject).body['reasoning_effort']).toBe(
      effort,
    );
  });
});

const word = fc.string({ minLength: 1, maxLength: 12 });
const json = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(word, fc.integer(), fc.boolean()),
);
const url = fc.constantFrom('https://example.com/a.png', 'data:image/png;base64,iVBORw0KGgo=');
const userPart = fc.oneof(
  word.map((text) => ({ type: 'text', text })),
  url.map((at) => ({ type: 'image_url', image_url: { url: at } })),
  word.map((filename) => ({
    type: 'file',
    file: { filename, file_data: 'data:application/pdf;base64,JVBERi0=' },
  })),
);
const userTurn = fc
  .array(userPart, { minLength: 2, maxLength: 4 })
  .map((content) => [{ role: 'user', content }] as JsonObject[]);
const callTurn = fc
  .tuple(word, fc.array(json, { minLength: 1, maxLength: 3 }), word)
  .map(([text, inputs, answer]): JsonObject[] => [
    {
      role: 'assistant',
      content: text,
      tool_calls: inputs.map((input, at) => call(`call_${at}`, input)),
    },
    ...inputs.map((_, at) => ({ role: 'tool', tool_call_id: `call_${at}`, content: answer })),
    { role: 'assistant', content: answer },
  ]);
const request = fc.record({
  model: word,
  max_tokens: fc.integer({ min: 2_000, max: 9_000 }),
  messages: fc
    .tuple(word, fc.array(fc.oneof(userTurn, callTurn), { minLength: 1, maxLength: 4 }))
    .map(([system, turns]) => [{ role: 'system', content: system }, ...turns.flat()]),
  tools: fc.constant([
    {
      type: 'function',
      function: { name: 'look_up', description: 'looks', parameters: { type: 'object' } },
    },
  ]),
  tool_choice: fc.constantFrom<unknown>('auto', 'required', 'none', {
    type: 'function',
    function: { name: 'look_up' },
  }),
  temperature: fc.double({ min: 0, max: 1, noNaN: true }),
  stop: fc.array(word, { minLength: 1, maxLength: 4 }),
  stream: fc.boolean(),
});

test('there and back loses nothing that both formats can say', () => {
  fc.assert(
    fc.property(request, (chat) => {
      const there = toMessages(chat as unknown as JsonObject);
      const back = toChat(there.body);
      expect([...there.lost, ...back.lost]).toEqual([]);
      expect(back.body).toEqual(chat);
    }),
    { numRuns: 300 },
  );
});
