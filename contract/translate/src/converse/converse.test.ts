import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  chatAnswerToMessage,
  chatRequestToConverse,
  ChatStreamToMessages,
  converseErrorToChat,
  ConverseStreamToChat,
  converseToChatAnswer,
  messagesRequestToChat,
  Untranslatable,
} from '../index.ts';
import { type JsonObject, objectsOf, textOf } from '../json.ts';
import { openSchemas } from '../openai-schema-fixture.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const LLAMA = 'meta.llama3-70b-instruct-v1:0';
const toConverse = (request: JsonObject, model = CLAUDE, outputCap?: number) =>
  chatRequestToConverse(request, { model, outputCap, maxTokensDefault: 4_096 });
const toChat = (answer: JsonObject) =>
  converseToChatAnswer(answer, { id: 'c-1', model: 'm', createdAt: 1 });
const messageIn = (completion: JsonObject): JsonObject =>
  objectsOf(completion['choices'])[0]?.['message'] as JsonObject;
const answerOf = (content: readonly JsonObject[], stopReason = 'end_turn'): JsonObject => ({
  output: { message: { role: 'assistant', content } },
  stopReason,
  usage: {
    inputTokens: 10,
    outputTokens: 5,
    totalTokens: 15,
    cacheReadInputTokens: 4,
    cacheWriteInputTokens: 30,
  },
});
const tool = {
  type: 'function',
  function: { name: 'look', description: 'looks', parameters: { type: 'object' } },
};
const call = (id: string) => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: '{"q":1}' },
});
const mark = { cache_control: { type: 'ephemeral' } };

describe('a chat request, for Bedrock', () => {
  test('says pictures, documents and marks of the cache, in turns', () => {
    const { body, lost } = toConverse({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'first', ...mark }] },
        { role: 'user', content: 'hello' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/jpg;base64,AAAA' } },
            {
              type: 'file',
              file: { filename: 'a/b_c.pdf', file_data: 'data:application/pdf;base64,BBBB' },
            },
            {
              type: 'text',
              text: 'look',
              cache_control: { type: 'ephemeral', ttl: '1h' },
            },
            { type: 'text', text: ' \n' },
          ],
        },
      ],
      tools: [{ ...tool, ...mark }],
      tool_choice: 'required',
      max_tokens: 9,
      stop: 'END',
      top_p: 0.5,
      temperature: 0.2,
    });
    expect(body).toEqual({
      system: [{ text: 'first' }, { cachePoint: { type: 'default' } }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'hello' },
            { image: { format: 'jpeg', source: { bytes: 'AAAA' } } },
            { document: { format: 'pdf', name: 'a-b-c 1', source: { bytes: 'BBBB' } } },
            { text: 'look' },
            { cachePoint: { type: 'default', ttl: '1h' } },
          ],
        },
      ],
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'look',
              description: 'looks',
              inputSchema: { json: { type: 'object' } },
            },
          },
          { cachePoint: { type: 'default' } },
        ],
        toolChoice: { any: {} },
      },
      inferenceConfig: { maxTokens: 9, temperature: 0.2, topP: 0.5, stopSequences: ['END'] },
    });
    expect(lost).toEqual([]);
  });

  test('gives the results of parallel calls one message, with what the user says next', () => {
    const messages = [
      { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'user', content: 'and now?' },
    ];
    const { body } = toConverse({ messages });
    expect(body['messages']).toEqual([
      {
        role: 'assistant',
        content: ['a', 'b'].map((toolUseId) => ({
          toolUse: { toolUseId, name: 'look', input: { q: 1 } },
        })),
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'a', content: [{ text: 'one' }] } },
          { toolResult: { toolUseId: 'b', content: [{ json: {} }] } },
          { text: 'and now?' },
        ],
      },
    ]);
    // A history of calls is refused where what was called is not declared.
    expect(body['toolConfig']).toMatchObject({ tools: [{ toolSpec: { name: 'look' } }] });
    const none = { tools: [tool], tool_choice: 'none' };
    expect(toConverse({ messages: [], ...none }).body).not.toHaveProperty('toolConfig');
    expect(toConverse({ messages, ...none }).lost).toEqual(['tool_choice']);
  });

  test('thinks within its limit, and not where the answer is forced to be a call', () => {
    const request = { messages: [], reasoning_effort: 'low', temperature: 0.2 };
    expect(toConverse(request)).toEqual({
      body: {
        messages: [],
        inferenceConfig: { maxTokens: 4_096 },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_048 } },
      },
      lost: ['temperature'],
    });
    const forced = { ...request, tools: [tool], tool_choice: 'required' };
    expect(toConverse(forced).lost).toEqual(['reasoning_effort']);
    expect(toConverse(request, LLAMA).lost).toEqual(['reasoning_effort']);
    expect(toConverse(request, 'openai.gpt-oss-120b-1:0').body).toMatchObject({
      additionalModelRequestFields: { reasoning_effort: 'low' },
    });
    expect(toConverse({ messages: [] }, LLAMA, 7).body['inferenceConfig']).toEqual({
      maxTokens: 7,
    });
  });

  test('asks for a shape, and says what it had to leave out', () => {
    const json_schema = { name: 'a', schema: { type: 'object' } };
    const format = { type: 'json_schema', json_schema };
    expect(toConverse({ messages: [], response_format: format }).body['outputConfig']).toEqual({
      textFormat: {
        type: 'json_schema',
        structure: { jsonSchema: { name: 'a', schema: '{"type":"object"}' } },
      },
    });
    const thinking = {
      type: 'thinking',
      thinking: 'x',
      signature: 'reasoning_item:{"id":"rs_1","sealed":"x"}',
    };
    const { lost } = toConverse(
      {
        n: 2,
        seed: 1,
        response_format: { type: 'json_object' },
        parallel_tool_calls: false,
        tools: [tool, { type: 'custom' }],
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'a', ...mark }] },
          { role: 'assistant', content: 'b', thinking_blocks: [thinking] },
          { role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] },
        ],
      },
      LLAMA,
    );
    expect(lost).toEqual([
      'seed',
      'n',
      'cache_control',
      'messages.thinking_blocks',
      'messages.content.file.file_id',
      'tools.custom',
      'parallel_tool_calls',
      'response_format.json_object',
    ]);
    const url = { type: 'image_url', image_url: { url: 'https://x/y.png' } };
    expect(() => toConverse({ messages: [{ role: 'user', content: [url] }] })).toThrow(
      Untranslatable,
    );
  });
});

describe('an answer of Bedrock', () => {
  test.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['tool_use', 'tool_calls'],
    ['guardrail_intervened', 'content_filter'],
  ])('that ends with %s', (reason, finish) => {
    const completion = toChat(answerOf([{ text: 'a' }], reason));
    expect(completion['choices']).toMatchObject([{ finish_reason: finish }]);
    const mistakesOf = openSchemas(process.env['TEST_DATA_DIR'])('CreateChatCompletionResponse');
    expect(mistakesOf(completion)).toBe('');
  });

  test('counts what came from a cache and went into it as input', () => {
    expect(toChat(answerOf([]))['usage']).toMatchObject({
      prompt_tokens: 44,
      completion_tokens: 5,
      total_tokens: 49,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 30 },
    });
  });

  test('that is an error becomes one of OpenAI’s', () => {
    expect(converseErrorToChat({ message: 'slow', __type: 'throttlingException' }, 429)).toEqual({
      error: {
        message: 'slow',
        type: 'rate_limit_error',
        param: null,
        code: 'throttlingException',
      },
    });
  });
});

const text = fc.string({ minLength: 1, maxLength: 6 }).filter((each) => each.trim() !== '');
const base64 = fc.base64String({ minLength: 4, maxLength: 12 });
const content = fc
  .record({
    thought: fc.option(
      fc.oneof(
        fc.record({ text, signature: base64 }).map((reasoningText) => ({ reasoningText })),
        base64.map((redactedContent) => ({ redactedContent })),
      ),
      { nil: undefined },
    ),
    said: fc.option(text, { nil: undefined }),
    inputs: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), text), { maxLength: 3 }),
  })
  .filter(({ said, inputs }) => said !== undefined || inputs.length > 0)
  .map(({ thought, said, inputs }): JsonObject[] => [
    ...(thought === undefined ? [] : [{ reasoningContent: thought }]),
    ...(said === undefined ? [] : [{ text: said }]),
    ...inputs.map((input, at) => ({ toolUse: { toolUseId: `t${at}`, name: 'look', input } })),
  ]);

/** As Bedrock streams an answer. */
function eventsOf(blocks: readonly JsonObject[]): JsonObject[] {
  const events = blocks.flatMap((block, contentBlockIndex): JsonObject[] => {
    const delta = (of: JsonObject) => ({ contentBlockDelta: { contentBlockIndex, delta: of } });
    const stop = { contentBlockStop: { contentBlockIndex } };
    const { toolUse, reasoningContent } = block as Record<string, JsonObject>;
    if (toolUse) {
      const { input, ...start } = toolUse;
      const json = JSON.stringify(input);
      return [
        { contentBlockStart: { contentBlockIndex, start: { toolUse: start } } },
        ...(json === '{}'
          ? []
          : (json.match(/..?/gsu) ?? []).map((piece) => delta({ toolUse: { input: piece } }))),
        stop,
      ];
    }
    if (!reasoningContent) return [delta(block), stop];
    const plain = reasoningContent['reasoningText'] as JsonObject | undefined;
    if (plain === undefined) return [delta({ reasoningContent }), stop];
    return [
      delta({ reasoningContent: { text: plain['text'] } }),
      delta({ reasoningContent: { signature: plain['signature'] } }),
      stop,
    ];
  });
  return [
    { messageStart: { role: 'assistant' } },
    ...events,
    { messageStop: { stopReason: 'tool_use' } },
    { metadata: { usage: answerOf([])['usage'] } },
  ];
}

const back = (message: JsonObject): unknown =>
  objectsOf(toConverse({ messages: [message] }).body['messages'])[0]?.['content'];

describe('what Bedrock said comes back to it as it was, signatures and ids included', () => {
  test('by a client of chat', () => {
    fc.assert(
      fc.property(content, (blocks) => {
        expect(back(messageIn(toChat(answerOf(blocks))))).toEqual(blocks);
      }),
    );
  });

  test('by a client of Anthropic’s, from whole answers and from streams', () => {
    fc.assert(
      fc.property(content, (blocks) => {
        const stream = new ConverseStreamToChat({
          id: 'c-1',
          model: 'm',
          createdAt: 1,
          includesUsage: true,
        });
        const messages = new ChatStreamToMessages({ inputTokensEstimate: 1 });
        const chunks = [
          ...eventsOf(blocks).flatMap((event) => stream.push(event)),
          ...stream.end(),
        ];
        const sent = [...chunks.flatMap((chunk) => messages.push(chunk)), ...messages.end()].map(
          ({ data }) => data,
        );
        for (const said of [
          objectsOf(chatAnswerToMessage(toChat(answerOf(blocks)))['content']),
          blocksIn(sent),
        ]) {
          const { body } = messagesRequestToChat(
            { messages: [{ role: 'assistant', content: said }] },
            { maxTokensField: 'max_tokens', keepsThinking: true },
          );
          expect(back(objectsOf(body['messages'])[0] ?? {})).toEqual(blocks);
        }
      }),
    );
  });
});

/** The content of a message, put together from its events as Anthropic's client does. */
function blocksIn(events: readonly JsonObject[]): JsonObject[] {
  const blocks: Record<string, unknown>[] = [];
  for (const event of events) {
    if (event['type'] === 'content_block_start')
      blocks.push({ ...(event['content_block'] as JsonObject), json: '' });
    const block = blocks.at(-1);
    const delta = event['delta'] as JsonObject | undefined;
    if (block === undefined || event['type'] !== 'content_block_delta') continue;
    for (const name of ['text', 'thinking', 'signature'])
      if (delta?.[name] !== undefined) block[name] = textOf(block[name]) + textOf(delta[name]);
    block['json'] = textOf(block['json']) + textOf(delta?.['partial_json']);
  }
  return blocks.map(({ json, ...block }) =>
    block['type'] === 'tool_use' ? { ...block, input: JSON.parse(textOf(json)) as unknown } : block,
  ) as JsonObject[];
}
