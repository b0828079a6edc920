import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { callDelta, chunkOf, chunksOf, completion } from '../completion-fixture.ts';
import { type JsonObject, listOf, textOf } from '../json.ts';
import { Untranslatable } from '../translation.ts';
import {
  chatAnswerToOllama,
  ChatStreamToOllama,
  type OllamaKind,
  ollamaNothing,
} from './chat-answer-to-ollama.ts';
import { ollamaModel, ollamaModelList } from './ollama-models.ts';
import { asksNothing, ollamaChatToChat, ollamaGenerateToChat } from './ollama-request-to-chat.ts';

const of = { maxTokensField: 'max_tokens' } as const;
const chat = (request: JsonObject) => ollamaChatToChat(request, of);
const generate = (request: JsonObject) => ollamaGenerateToChat(request, of);

describe('a request of Ollama, for a chat', () => {
  test('says the same with other words, and streams unless told not to', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const { body, lost } = chat({
      model: 'm',
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'hi', images: ['/9j/AAAA', 'iVBORw0KGgo='] },
      ],
      tools,
      format: schema,
      think: 'high',
      keep_alive: '5m',
      options: {
        num_predict: 7,
        temperature: 0.1,
        top_p: 0.9,
        seed: 3,
        stop: ['x'],
        top_k: 40,
        num_ctx: 8192,
      },
    });
    expect(body).toEqual({
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 's' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi' },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/AAAA' } },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
      tools,
      max_tokens: 7,
      temperature: 0.1,
      top_p: 0.9,
      seed: 3,
      stop: ['x'],
      reasoning_effort: 'high',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
    });
    expect(lost).toEqual(['options.top_k', 'options.num_ctx', 'keep_alive']);
    expect(chat({ stream: false, format: 'json', think: true }).body).toMatchObject({
      stream: false,
      response_format: { type: 'json_object' },
      reasoning_effort: 'medium',
    });
    expect(chat({ options: { num_predict: -1 }, think: false }).body).toEqual({
      stream: true,
      messages: [],
    });
  });

  test('results belong to the calls of their names, which get ids', () => {
    const calls = ['f', 'g', 'f'].map((name, x) => ({ function: { name, arguments: { x } } }));
    const { body } = chat({
      messages: [
        { role: 'assistant', content: '', tool_calls: calls },
        { role: 'tool', tool_name: 'g', content: 'of g' },
        { role: 'tool', tool_name: 'f', content: 'of f' },
        { role: 'tool', content: 'of the other f' },
        { role: 'tool', tool_name: 'stray', content: 'of nothing' },
      ] as unknown as JsonObject[],
    });
    expect(body['messages']).toMatchObject([
      {
        content: null,
        tool_calls: [
          { id: 'call_0', type: 'function', function: { name: 'f', arguments: '{"x":0}' } },
          { id: 'call_1' },
          { id: 'call_2' },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'of g' },
      { role: 'tool', tool_call_id: 'call_0', content: 'of f' },
      { role: 'tool', tool_call_id: 'call_2', content: 'of the other f' },
      { role: 'tool', tool_call_id: 'stray', content: 'of nothing' },
    ]);
  });

  test('of a single text is a conversation of one turn', () => {
    const { body, lost } = generate({
      prompt: 'hi',
      system: 's',
      images: ['R0lGODlh'],
      raw: true,
      template: 't',
      stream: false,
    });
    expect(body['messages']).toEqual([
      { role: 'system', content: 's' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image_url', image_url: { url: 'data:image/gif;base64,R0lGODlh' } },
        ],
      },
    ]);
    expect(lost).toEqual(['template', 'raw']);
  });

  test.each([
    ['suffix', { prompt: 'a', suffix: 'b' }],
    ['context', { prompt: 'a', context: [1] }],
  ])('what a chat cannot be asked is refused: %s', (field, request) => {
    expect(() => generate(request as JsonObject)).toThrow(
      expect.objectContaining({ constructor: Untranslatable, field }),
    );
  });

  test('that asks nothing loads a model', () => {
    expect(asksNothing({ model: 'm' })).toBe(true);
    expect(asksNothing({ model: 'm', messages: [], prompt: '' })).toBe(true);
    expect(asksNothing({ messages: [{}] })).toBe(false);
    expect(asksNothing({ prompt: 'x' })).toBe(false);
    expect(ollamaNothing({ kind: 'chat', model: 'm', createdAt: 'now' }, 'load')).toEqual({
      model: 'm',
      created_at: 'now',
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
  });
});

/** Puts lines together as Ollama's clients do. */
function fold(lines: readonly JsonObject[], kind: OllamaKind): JsonObject {
  const said = { text: '', thinking: '', calls: [] as unknown[] };
  for (const [at, line] of lines.entries()) {
    expect(line['done']).toBe(at === lines.length - 1);
    const message = (kind === 'chat' ? line['message'] : line) as JsonObject;
    said.text += textOf(message[kind === 'chat' ? 'content' : 'response']);
    said.thinking += textOf(message['thinking']);
    said.calls.push(...listOf(message['tool_calls']));
  }
  return { ...lines.at(-1), said } as unknown as JsonObject;
}

describe('a chat completion, as an answer of Ollama', () => {
  const durations = { totalNs: 9_000, firstNs: 2_000 };

  test.each(['chat', 'generate'] as const)('says the same streamed and whole: %s', (kind) => {
    const options = { kind, model: 'asked', createdAt: '2026-01-01T00:00:00Z' };
    fc.assert(
      fc.property(completion, fc.integer({ min: 1, max: 5 }), (answer, cut) => {
        const given = answer as unknown as JsonObject;
        const whole = chatAnswerToOllama(given, options, durations);
        const stream = new ChatStreamToOllama(options);
        const lines = [
          ...chunksOf(given, cut).flatMap((chunk) => stream.push(chunk)),
          ...stream.end(durations),
        ];
        const { said } = fold(lines, kind);
        expect(said).toEqual(fold([whole], kind)['said']);
        expect(lines.at(-1)).toMatchObject({
          done: true,
          done_reason: whole['done_reason'],
          eval_count: whole['eval_count'],
          prompt_eval_count: given['usage'] && (given['usage'] as JsonObject)['prompt_tokens'],
          total_duration: 9_000,
          eval_duration: 7_000,
        });
      }),
      { numRuns: 100 },
    );
  });

  test('says a call whole, with its arguments as an object', () => {
    const stream = new ChatStreamToOllama({ kind: 'chat', model: 'm', createdAt: 'now' });
    expect(
      [
        chunkOf(callDelta(0, { id: 'a', function: { name: 'f', arguments: '{"x"' } })),
        chunkOf(callDelta(0, { function: { arguments: ':1}' } }), 'tool_calls'),
      ].flatMap((chunk) => stream.push(chunk)),
    ).toEqual([]);
    expect(stream.end(durations)).toMatchObject([
      { done: false, message: { tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] } },
      { done: true, done_reason: 'stop' },
    ]);
    expect(stream.end(durations)).toEqual([]);
  });
});

test('models are listed as Ollama lists them', () => {
  const digest = 'a'.repeat(64);
  expect(ollamaModelList([{ name: 'm', digest }])).toMatchObject({
    models: [{ name: 'm', model: 'm', digest, details: { families: [] } }],
  });
  expect(ollamaModel({ owner: 'openai', contextTokensMax: 5 })).toMatchObject({
    model_info: { 'general.architecture': 'openai', 'openai.context_length': 5 },
    capabilities: ['completion', 'tools'],
  });
});
