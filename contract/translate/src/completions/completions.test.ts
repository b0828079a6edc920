import { describe, expect, test } from 'vitest';

import { chunkOf } from '../completion-fixture.ts';
import type { JsonObject } from '../json.ts';
import { openSchemas } from '../openai-schema-fixture.ts';
import { Untranslatable } from '../translation.ts';
import { chatAnswerToCompletion, ChatStreamToCompletion } from './chat-answer-to-completion.ts';
import { completionRequestToChat } from './completion-request-to-chat.ts';

const describedAs = openSchemas(process.env['TEST_DATA_DIR']);

const toChat = (request: JsonObject) =>
  completionRequestToChat(request, { maxTokensField: 'max_tokens' });

describe('a request for a completion, for a chat', () => {
  test('asks with the same words, and with the limit that the older format means', () => {
    const shared = { model: 'm', temperature: 0, stop: ['x'], stream: true, n: 2, seed: 1 };
    expect(toChat({ ...shared, prompt: 'Say it' })).toEqual({
      body: { ...shared, messages: [{ role: 'user', content: 'Say it' }], max_tokens: 16 },
      lost: [],
    });
    expect(toChat({ prompt: ['one'], max_tokens: 5, best_of: 3, logprobs: 1 })).toEqual({
      body: { messages: [{ role: 'user', content: 'one' }], max_tokens: 5 },
      lost: ['best_of', 'logprobs'],
    });
  });

  test.each([
    ['prompt', { prompt: ['a', 'b'] }],
    ['prompt', { prompt: [1, 2] }],
    ['prompt', {}],
    ['suffix', { prompt: 'a', suffix: 'b' }],
  ])('what a chat cannot be asked is refused: %s', (field, request) => {
    expect(() => toChat(request as JsonObject)).toThrow(
      expect.objectContaining({ constructor: Untranslatable, field }),
    );
  });
});

describe('a chat completion, as a completion', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

  test('is what OpenAI describes', () => {
    const answer = chatAnswerToCompletion(
      {
        id: 'chatcmpl-1',
        created: 5,
        model: 'm',
        choices: [
          { index: 0, message: { content: 'yes' }, finish_reason: 'stop' },
          { index: 1, message: { content: null }, finish_reason: 'tool_calls' },
        ],
        usage,
      },
      { echo: 'q: ' },
    );
    expect(describedAs('CreateCompletionResponse')(answer)).toBe('');
    expect(answer).toMatchObject({
      id: 'cmpl-1',
      object: 'text_completion',
      choices: [
        { text: 'q: yes', index: 0, finish_reason: 'stop' },
        { text: 'q: ', index: 1, finish_reason: 'stop' },
      ],
      usage,
    });
  });

  test('is streamed piece by piece, each choice after its echo', () => {
    const stream = new ChatStreamToCompletion({ echo: 'q: ' });
    const texts = [
      chunkOf({ role: 'assistant', content: '' }),
      chunkOf({ content: 'y' }),
      chunkOf({ content: 'es' }),
      chunkOf({}, 'length'),
    ]
      .flatMap((chunk) => stream.push(chunk))
      .map(({ choices }) => choices);
    expect(texts).toMatchObject([
      [{ text: 'q: ', finish_reason: null }],
      [{ text: 'y' }],
      [{ text: 'es' }],
      [{ text: '', finish_reason: 'length' }],
    ]);
    expect(stream.push({ choices: [], usage })).toMatchObject([{ choices: [], usage }]);
    expect(stream.push({ choices: [] })).toEqual([]);
  });
});
