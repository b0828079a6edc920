import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chunksOf, completion } from '../completion-fixture.ts';
import { isObject, type JsonObject, objectsOf, textOf } from '../json.ts';
import { openSchemas } from '../openai-schema-fixture.ts';
import { Untranslatable } from '../translation.ts';
import { chatAnswerToResponse } from './chat-answer-to-response.ts';
import { chatRequestToResponses } from './chat-request-to-responses.ts';
import { ChatStreamToResponse } from './chat-stream-to-response.ts';
import { responseToChatAnswer } from './response-to-chat-answer.ts';
import { responsesRequestToChat } from './responses-request-to-chat.ts';
import { ResponsesStreamToChat } from './responses-stream-to-chat.ts';

const describedAs = openSchemas(process.env['TEST_DATA_DIR']);
const toResponses = (request: JsonObject, outputCap?: number) =>
  chatRequestToResponses(request, { outputCap });

describe('a chat request, for Responses', () => {
  test('says the same with other words, and is kept nowhere', () => {
    const { body, lost } = toResponses({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
            {
              type: 'file',
              file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
            },
          ],
        },
      ],
      max_tokens: 99,
      reasoning_effort: 'high',
      verbosity: 'low',
      temperature: 1,
      stream: true,
      metadata: { a: 'b' },
      logprobs: true,
      top_logprobs: 2,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 's', strict: true, schema: { type: 'object' } },
      },
    });
    expect(body).toEqual({
      input: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'auto' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
          ],
        },
      ],
      max_output_tokens: 99,
      reasoning: { effort: 'high' },
      text: {
        verbosity: 'low',
        format: { type: 'json_schema', name: 's', strict: true, schema: { type: 'object' } },
      },
      temperature: 1,
      stream: true,
      metadata: { a: 'b' },
      top_logprobs: 2,
      store: false,
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    });
    expect(lost).toEqual([]);
  });

  test('calls and results keep their order; a tool is strict only where it says so', () => {
    const { body } = toResponses({
      messages: [
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
            { id: 'b', type: 'custom', custom: { name: 'patch', input: '*** Begin' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'two' }] },
      ],
      tools: [
        { type: 'function', function: { name: 'f' } },
        {
          type: 'custom',
          custom: {
            name: 'patch',
            format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } },
          },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
    });
    expect(body).toMatchObject({
      input: [
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' },
        { type: 'custom_tool_call', call_id: 'b', name: 'patch', input: '*** Begin' },
        { type: 'function_call_output', call_id: 'a', output: 'one' },
        {
          type: 'custom_tool_call_output',
          call_id: 'b',
          output: [{ type: 'input_text', text: 'two' }],
        },
      ],
      tools: [
        { type: 'function', name: 'f', strict: false, parameters: { type: 'object' } },
        { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark' } },
      ],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
    });
    expect(describedAs('CreateResponse')({ ...body, model: 'm' })).toBe('');
  });

  test('there and back it is the request that it was', () => {
    const request = {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: 'I look',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'assistant', content: 'done' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'and' },
            { type: 'text', text: 'now' },
          ],
        },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: 'auto',
      max_completion_tokens: 5,
      reasoning_effort: 'low',
      response_format: { type: 'json_object' },
      top_p: 0.5,
    };
    const { body } = responsesRequestToChat(toResponses(request).body, {
      maxTokensField: 'max_completion_tokens',
      keepsThinking: true,
      customTools: 'keep',
    });
    expect(body).toEqual(request);
  });

  test('a limit that nobody stated is sent where less was granted (M1)', () => {
    expect(toResponses({ messages: [] }, 70).body['max_output_tokens']).toBe(70);
    expect(toResponses({ messages: [], max_tokens: 5 }, 70).body['max_output_tokens']).toBe(5);
    expect(toResponses({ messages: [] }).body).not.toHaveProperty('max_output_tokens');
  });

  test('several answers are refused, and what shapes an answer only is told', () => {
    expect(() => toResponses({ messages: [], n: 2 })).toThrow(Untranslatable);
    const { lost } = toResponses({
      messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }],
      stop: ['x'],
      seed: 1,
      logit_bias: {},
      tools: [{ type: 'web_search' }],
    });
    expect(lost).toEqual([
      'logit_bias',
      'seed',
      'stop',
      'tools.web_search',
      'messages.content.input_audio',
    ]);
  });
});

/** As a client puts chunks together. */
function assemble(chunks: readonly JsonObject[]): JsonObject {
  const message = { content: '', reasoning_content: '', blocks: [] as JsonObject[] };
  const calls: { id: string; name: string; arguments: string }[] = [];
  let finish: unknown = null;
  for (const chunk of chunks) {
    for (const { delta, finish_reason: reason } of objectsOf(chunk['choices'])) {
      finish = reason ?? finish;
      if (!isObject(delta)) continue;
      message.content += textOf(delta['content']);
      message.reasoning_content += textOf(delta['reasoning_content']);
      message.blocks.push(...objectsOf(delta['thinking_blocks']));
      for (const piece of objectsOf(delta['tool_calls'])) {
        const call = (calls[Number(piece['index'])] ??= { id: '', name: '', arguments: '' });
        const made = isObject(piece['function']) ? piece['function'] : {};
        call.id += textOf(piece['id']);
        call.name += textOf(made['name']);
        call.arguments += textOf(made['arguments']);
      }
    }
  }
  return { ...message, calls, finish: finish as string, usage: chunks.at(-1)?.['usage'] };
}

function choiceOf(answer: JsonObject): JsonObject & { readonly message: JsonObject } {
  const choice = objectsOf(answer['choices'])[0] ?? {};
  return { ...choice, message: isObject(choice['message']) ? choice['message'] : {} };
}

describe('a response, as a chat completion', () => {
  test('is what OpenAI describes, and there and back it is the completion that it was', () => {
    const mistakesOf = describedAs('CreateChatCompletionResponse');
    fc.assert(
      fc.property(completion, (given) => {
        const answer = given as unknown as JsonObject;
        const response = chatAnswerToResponse(answer, { request: {}, createdAt: 7 });
        const back = responseToChatAnswer(response, { createdAt: 7 });
        expect(mistakesOf(back)).toBe('');
        const was = choiceOf(answer);
        const is = choiceOf(back);
        // Nothing said is no content beside calls, and an empty one without them.
        const { content, ...message } = was.message;
        expect(is).toMatchObject({ finish_reason: was['finish_reason'], message } as object);
        expect(textOf(is.message['content'])).toBe(textOf(content));
        expect(back['usage']).toMatchObject(answer['usage'] as object);
      }),
      { numRuns: 150 },
    );
  });

  test('its stream says what the whole says, chunk by chunk as OpenAI describes them', () => {
    const mistakesOf = describedAs('CreateChatCompletionStreamResponse');
    fc.assert(
      fc.property(completion, fc.integer({ min: 1, max: 5 }), (given, cut) => {
        const answer = given as unknown as JsonObject;
        const options = { request: {}, createdAt: 7 };
        const events = new ChatStreamToResponse(options);
        const stream = new ResponsesStreamToChat({ createdAt: 7, includesUsage: true });
        const chunks = [
          ...chunksOf(answer, cut).flatMap((chunk) => events.push(chunk)),
          ...events.end(),
        ].flatMap(({ data }) => stream.push(data));
        for (const chunk of chunks) expect(mistakesOf(chunk)).toBe('');
        const whole = responseToChatAnswer(chatAnswerToResponse(answer, options), { createdAt: 7 });
        const [choice] = objectsOf(whole['choices']);
        const message = choice?.['message'] as JsonObject;
        expect(assemble(chunks)).toMatchObject({
          content: textOf(message['content']),
          reasoning_content: textOf(message['reasoning_content']),
          calls: objectsOf(message['tool_calls']).map(({ id, function: made }) => ({
            id,
            ...(made as object),
          })),
          finish: choice?.['finish_reason'],
          usage: whole['usage'],
        } as object);
      }),
      { numRuns: 150 },
    );
  });

  const REASONING = {
    type: 'reasoning',
    id: 'rs_1',
    summary: [
      { type: 'summary_text', text: 'first' },
      { type: 'summary_text', text: 'then' },
    ],
    encrypted_content: 'gAAAA',
  };

  test('what was thought comes back sealed, and goes to its maker as it was', () => {
    const answer = responseToChatAnswer({ id: 'r', output: [REASONING] }, { createdAt: 1 });
    const message = objectsOf(answer['choices'])[0]?.['message'] as JsonObject;
    expect(message['reasoning_content']).toBe('first\n\nthen');
    const { body, lost } = toResponses({ messages: [message] });
    expect(objectsOf(body['input'])[0]).toEqual({
      ...REASONING,
      summary: [{ type: 'summary_text', text: 'first\n\nthen' }],
    });
    expect(lost).toEqual([]);
  });

  test('the thinking of another maker is left out, and told', () => {
    const thinking_blocks = [{ type: 'thinking', thinking: 'x', signature: 'of-another' }];
    const { body, lost } = toResponses({
      messages: [{ role: 'assistant', content: 'y', thinking_blocks }],
    });
    expect(body['input']).toEqual([{ role: 'assistant', content: 'y' }]);
    expect(lost).toEqual(['messages.thinking_blocks']);
  });

  test('a stream bears the seal, and paragraphs of what was thought', () => {
    const stream = new ResponsesStreamToChat({ createdAt: 1, includesUsage: false });
    const part = (summary_index: number) => ({
      type: 'response.reasoning_summary_part.added',
      summary_index,
    });
    const said = (delta: string) => ({ type: 'response.reasoning_summary_text.delta', delta });
    const chunks = [
      { type: 'response.created', response: { id: 'r', model: 'm' } },
      part(0),
      said('fir'),
      said('st'),
      part(1),
      said('then'),
      { type: 'response.output_item.done', item: REASONING },
      {
        type: 'response.incomplete',
        response: { incomplete_details: { reason: 'max_output_tokens' } },
      },
    ].flatMap((event) => stream.push(event));
    expect(assemble(chunks)).toMatchObject({
      reasoning_content: 'first\n\nthen',
      blocks: [{ signature: expect.stringContaining('gAAAA') }],
      finish: 'length',
    });
  });
});
