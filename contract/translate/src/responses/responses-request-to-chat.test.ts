import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../json.ts';
import { Untranslatable } from '../translation.ts';
import { customCallsBack, CustomCallsBack } from './custom-calls.ts';
import { hasFlatTools, nestTools, readsAsResponses } from './reads-as-responses.ts';
import { responsesRequestToChat } from './responses-request-to-chat.ts';

const toChat = (request: JsonObject, of: { keepsThinking?: boolean; keepsCustom?: boolean } = {}) =>
  responsesRequestToChat(request, {
    maxTokensField: 'max_completion_tokens',
    keepsThinking: of.keepsThinking ?? true,
    customTools: of.keepsCustom === true ? 'keep' : 'function',
  });

describe('a request of Responses, for a chat', () => {
  test('says the same with other words', () => {
    const { body, lost } = toChat({
      model: 'm',
      instructions: 'Be brief.',
      input: 'hello',
      max_output_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
      stream: true,
      service_tier: 'default',
      store: false,
      reasoning: { effort: 'low' },
      text: {
        verbosity: 'low',
        format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object' } },
      },
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
    });
    expect(body).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hello' },
      ],
      max_completion_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
      stream: true,
      service_tier: 'default',
      reasoning_effort: 'low',
      verbosity: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', strict: true, schema: { type: 'object' } },
      },
      logprobs: true,
      top_logprobs: 2,
    });
    expect(lost).toEqual([]);
  });

  test('one turn of the model is one message, and results stand behind the calls that they answer', () => {
    const { body } = toChat({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'go' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look' }] },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
        { type: 'function_call', call_id: 'b', name: 'f', arguments: '' },
        { type: 'function_call_output', call_id: 'a', output: 'one' },
        { role: 'user', content: 'and?' },
        {
          type: 'function_call_output',
          call_id: 'b',
          output: [
            { type: 'input_text', text: 'two' },
            { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'high' },
          ],
        },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done' }] },
      ],
    });
    expect(body['messages']).toEqual([
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: 'I look',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
          { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: 'two' },
      { role: 'user', content: 'and?' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the result of b:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'high' } },
        ],
      },
      { role: 'assistant', content: 'done' },
    ]);
  });

  test('takes tools flat, nested and in namespaces, and tells of those that OpenAI runs', () => {
    const { body, lost } = toChat({
      input: 'x',
      parallel_tool_calls: false,
      tools: [
        { type: 'function', name: 'flat', parameters: { type: 'object' }, strict: null },
        { type: 'function', function: { name: 'nested', strict: true } },
        { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'inner' }] },
        { type: 'web_search' },
      ],
      tool_choice: { type: 'function', name: 'flat' },
    });
    const nothing = { type: 'object', properties: {} };
    expect(body['tools']).toEqual([
      { type: 'function', function: { name: 'flat', parameters: { type: 'object' } } },
      { type: 'function', function: { name: 'nested', strict: true, parameters: nothing } },
      { type: 'function', function: { name: 'inner', parameters: nothing } },
    ]);
    expect(body['tool_choice']).toEqual({ type: 'function', function: { name: 'flat' } });
    expect(body['parallel_tool_calls']).toBe(false);
    expect(lost).toEqual(['tools.web_search']);
  });

  test('of allowed tools, the others are not shown', () => {
    const tools = ['a', 'b'].map((name) => ({ type: 'function', name }));
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [tools[1] ?? {}] };
    const { body } = toChat({ input: 'x', tools, tool_choice: allowed });
    expect(body).toMatchObject({
      tools: [{ function: { name: 'b' } }],
      tool_choice: 'required',
    });
    expect(body['tools']).toHaveLength(1);
  });

  test('a tool of free text is a function with one field, or stays what it is', () => {
    const request = {
      input: [{ type: 'custom_tool_call', call_id: 'c', name: 'patch', input: '*** Begin' }],
      tools: [
        {
          type: 'custom',
          name: 'patch',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: /x/' },
        },
      ],
      tool_choice: { type: 'custom', name: 'patch' },
    };
    const asFunction = toChat(request);
    expect(asFunction.body).toMatchObject({
      messages: [{ tool_calls: [{ function: { arguments: '{"input":"*** Begin"}' } }] }],
      tools: [{ type: 'function', function: { parameters: { required: ['input'] } } }],
      tool_choice: { type: 'function', function: { name: 'patch' } },
    });
    expect(JSON.stringify(asFunction.body['tools'])).toContain('start: /x/');
    expect(asFunction.lost).toEqual(['tools.custom.format']);
    const kept = toChat(request, { keepsCustom: true });
    expect(kept.body).toMatchObject({
      messages: [{ tool_calls: [{ type: 'custom', custom: { input: '*** Begin' } }] }],
      tools: [{ custom: { format: { grammar: { syntax: 'lark', definition: 'start: /x/' } } } }],
      tool_choice: { type: 'custom', custom: { name: 'patch' } },
    });
    expect(kept.lost).toEqual([]);
  });

  test('pictures and files are passed on as data', () => {
    const { body } = toChat({
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'original' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
          ],
        },
      ],
    });
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          {
            type: 'file',
            file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
          },
        ],
      },
    ]);
  });

  test.each([
    ['previous_response_id', { input: 'x', previous_response_id: 'resp_1' }],
    ['conversation', { input: 'x', conversation: 'conv_1' }],
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['background', { input: 'x', background: true }],
    ['tool_choice', { input: 'x', tool_choice: 'required' }],
    [
      'tool_choice',
      { input: 'x', tools: [{ type: 'function', name: 'f' }], tool_choice: { type: 'web_search' } },
    ],
    [
      'tools',
      {
        input: 'x',
        tools: [
          { type: 'function', name: 'f' },
          { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f' }] },
        ],
      },
    ],
    ['input', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    ['input', { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] }] }],
    [
      'input',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://x.test' }] }] },
    ],
  ])(
    'what is kept elsewhere or has no counterpart is refused by its name: %s',
    (field, request) => {
      expect(() => toChat(request as unknown as JsonObject)).toThrow(
        expect.objectContaining({ constructor: Untranslatable, field }),
      );
    },
  );

  test('what only shapes the answer is left out, and told', () => {
    const { lost } = toChat(
      {
        input: [
          { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' },
          { type: 'web_search_call', id: 'ws_1', status: 'completed' },
          { role: 'user', content: [{ type: 'input_video' }] },
        ],
        store: true,
        truncation: 'auto',
        reasoning: { summary: 'auto' },
        prompt_cache_key: 'k',
        metadata: { a: 'b' },
      },
      { keepsThinking: false },
    );
    expect(lost).toEqual([
      'prompt_cache_key',
      'store',
      'truncation',
      'reasoning.summary',
      'input.reasoning',
      'input.web_search_call',
      'input.content.input_video',
    ]);
  });
});

test('a body is one of Responses by its input, unless it has messages', () => {
  expect(readsAsResponses({ input: 'x' })).toBe(true);
  expect(readsAsResponses({ input: [] })).toBe(true);
  expect(readsAsResponses({ input: [], messages: [] })).toBe(false);
  expect(readsAsResponses({ messages: [] })).toBe(false);
  expect(readsAsResponses({ input: 5 })).toBe(false);
});

test('tools of a chat that are written flat are nested, and the rest is left as it is', () => {
  const nested = { type: 'function', function: { name: 'b', parameters: { type: 'object' } } };
  const flat = { type: 'function', name: 'a', parameters: { type: 'object' } };
  const body = {
    model: 'm',
    messages: [],
    tools: [flat, nested],
    seed: 5,
  } as unknown as JsonObject;
  expect(hasFlatTools(body)).toBe(true);
  const { body: made } = nestTools(body, 'keep');
  expect(made).toEqual({
    model: 'm',
    messages: [],
    seed: 5,
    tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object' } } }, nested],
  });
  expect(hasFlatTools(made)).toBe(false);
  // What is neither is the provider's to refuse.
  expect(hasFlatTools({ tools: [{ type: 'function' }, { name: 'a' }, null] })).toBe(false);
});

describe('calls of a tool of free text, in the answer of a chat', () => {
  const request = {
    tools: [
      { type: 'custom', name: 'patch' },
      { type: 'function', name: 'f' },
    ],
  } as unknown as JsonObject;
  const f = { id: 'b', type: 'function', function: { name: 'f', arguments: '{"input":"x"}' } };
  const patch = { name: 'patch', arguments: '{"input":"*** Begin"}' };

  test('are turned back, and those of functions are not', () => {
    const tool_calls = [{ id: 'a', type: 'function', function: patch }, f];
    const answer = { id: '1', choices: [{ index: 0, message: { content: null, tool_calls } }] };
    expect(customCallsBack(answer, request)['choices']).toMatchObject([
      { message: { tool_calls: [{ id: 'a', custom: { name: 'patch', input: '*** Begin' } }, f] } },
    ]);
    expect(customCallsBack(answer, {})).toBe(answer);
  });

  test('are streamed before the end of their choice', () => {
    const chunk = (delta: object, finish_reason: string | null = null) =>
      ({ id: '1', choices: [{ index: 0, delta, finish_reason }], usage: null }) as JsonObject;
    const piece = (index: number, fields: object) =>
      chunk({ tool_calls: [{ index, ...fields }] } as JsonObject);
    const stream = new CustomCallsBack(request);
    const chunks = [
      chunk({ content: 'so' }),
      piece(0, { id: 'a', function: { name: 'patch', arguments: '{"inp' } }),
      piece(1, f),
      piece(0, { function: { arguments: 'ut":"*** Begin"}' } }),
      chunk({}, 'tool_calls'),
    ].flatMap((each) => stream.push(each));
    expect(chunks.map(({ choices }) => (choices as JsonObject[])[0])).toMatchObject([
      { delta: { content: 'so' } },
      { delta: { tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'patch' } }] } },
      { delta: { tool_calls: [{ index: 1, ...f }] } },
      { delta: { tool_calls: [] } },
      {
        delta: { tool_calls: [{ index: 0, custom: { input: '*** Begin' } }] },
        finish_reason: null,
      },
      { delta: {}, finish_reason: 'tool_calls' },
    ]);
  });
});
