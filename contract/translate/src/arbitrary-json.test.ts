import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import * as translate from './index.ts';
import type { JsonObject } from './json.ts';

/** Names that translators look at, so that what is made up gets past their first line. */
const NAMES = [
  'model',
  'messages',
  'input',
  'role',
  'content',
  'type',
  'text',
  'tools',
  'tool_calls',
  'function',
  'custom',
  'name',
  'arguments',
  'call_id',
  'id',
  'output',
  'tool_choice',
  'index',
  'choices',
  'delta',
  'message',
  'usage',
  'reasoning',
  'thinking_blocks',
  'encrypted_content',
  'finish_reason',
  'options',
  'images',
  'format',
  'prompt',
  'image_url',
  'source',
  'summary',
  'content_block',
  'logprobs',
  'prompt_tokens_details',
  'parts',
  'output',
  'toolUse',
  'toolUseId',
  'reasoningContent',
  'reasoningText',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockIndex',
  'start',
  'cache_control',
  'file',
  'file_data',
  'candidates',
  'functionCall',
  'thoughtSignature',
  'finishReason',
  'promptFeedback',
  'usageMetadata',
  'inlineData',
  'parameters',
  'properties',
  'anyOf',
  'embeddings',
  'response_format',
  'json_schema',
  'incomplete_details',
  'response',
  'item',
  'output_index',
];
const WORDS = [
  'message',
  'function',
  'custom',
  'function_call',
  'function_call_output',
  'reasoning',
  'user',
  'assistant',
  'tool',
  'system',
  'text',
  'input_text',
  'output_text',
  'namespace',
  'stop',
  '',
  'message_start',
  'content_block_start',
  'content_block_delta',
  'message_delta',
  'tool_use',
  'thinking',
  'json_schema',
  'thinking_blocks:[null]',
  'gemini:0:s',
  'MAX_TOKENS',
  'allowed_tools',
  'custom_tool_call',
  'response.created',
  'response.output_item.added',
  'response.output_item.done',
  'response.function_call_arguments.delta',
  'response.completed',
  'reasoning_item:{"id":1,"sealed":"x"}',
  '{"a":',
  '\ud800',
];

const { object: anyBody } = fc.letrec<{ object: JsonObject; value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...WORDS),
    fc.constantFrom(null, true, 0, -1, 1e99),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(tie('object'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(
    fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 3 })),
    tie('value'),
    { maxKeys: 8 },
  ) as fc.Arbitrary<JsonObject>,
}));

const maxTokensField = 'max_tokens';
const chatStream = { inputTokensEstimate: 1 };
const ollama = { kind: 'chat', model: 'm', createdAt: 'now' } as const;
const gemini = { model: 'm', createdAt: 1 };
const converse = { ...gemini, id: 'c-1' };
const durations = { totalNs: 1, firstNs: 1 };

/** Each is given a request, or one thing that a provider might say. */
const REQUESTS: Record<string, (body: JsonObject) => translate.Translation> = {
  chatRequestToMessages: (body) =>
    translate.chatRequestToMessages(body, { maxTokensDefault: 4_096 }),
  messagesRequestToChat: (body) =>
    translate.messagesRequestToChat(body, { maxTokensField, keepsThinking: true }),
  responsesRequestToChat: (body) =>
    translate.responsesRequestToChat(body, {
      maxTokensField,
      keepsThinking: true,
      customTools: 'function',
    }),
  chatRequestToConverse: (body) =>
    translate.chatRequestToConverse(body, {
      model: 'anthropic.claude-x',
      outputCap: undefined,
      maxTokensDefault: 4_096,
    }),
  chatRequestToGemini: (body) =>
    translate.chatRequestToGemini(body, { model: 'gemini-2.0', outputCap: undefined }),
  chatRequestToResponses: (body) => translate.chatRequestToResponses(body, { outputCap: 7 }),
  embeddingsToGemini: (body) => translate.embeddingsToGemini(body, 'm'),
  embeddingsToVertex: (body) => translate.embeddingsToVertex(body),
  embeddingsToBedrock: (body) => translate.embeddingsToBedrock(body, 'cohere.embed-english-v3'),
  nestTools: (body) => translate.nestTools(body, 'keep'),
  completionRequestToChat: (body) => translate.completionRequestToChat(body, { maxTokensField }),
  ollamaChatToChat: (body) => translate.ollamaChatToChat(body, { maxTokensField }),
  ollamaEmbedToEmbeddings: (body) => translate.ollamaEmbedToEmbeddings(body),
  ollamaGenerateToChat: (body) => translate.ollamaGenerateToChat(body, { maxTokensField }),
};

const ANSWERS: Record<string, (body: JsonObject, asked: JsonObject) => object> = {
  chatAnswerToMessage: (body) => translate.chatAnswerToMessage(body),
  messageToChatAnswer: (body) => translate.messageToChatAnswer(body, 1),
  chatAnswerToResponse: (body, request) =>
    translate.chatAnswerToResponse(body, { request, createdAt: 1 }),
  customCallsBack: (body, asked) => translate.customCallsBack(body, asked),
  chatAnswerToCompletion: (body) => translate.chatAnswerToCompletion(body, { echo: '' }),
  chatAnswerToOllama: (body) => translate.chatAnswerToOllama(body, ollama, durations),
  embeddingsToOllama: (body) => translate.embeddingsToOllama(body, { model: 'm', totalNs: 1 }),
  converseToChatAnswer: (body) => translate.converseToChatAnswer(body, converse),
  converseErrorToChat: (body) => translate.converseErrorToChat(body, 500),
  responseToChatAnswer: (body) => translate.responseToChatAnswer(body, { createdAt: 1 }),
  geminiToChatAnswer: (body) => translate.geminiToChatAnswer(body, gemini),
  geminiToEmbeddings: (body) =>
    translate.geminiToEmbeddings(body, { model: 'm', isBase64: true, inputTokens: 1 }),
  vertexToEmbeddings: (body) =>
    translate.vertexToEmbeddings(body, { model: 'm', isBase64: true, inputTokens: 1 }),
  bedrockToEmbeddings: (body) =>
    translate.bedrockToEmbeddings(body, { model: 'm', isBase64: true, inputTokens: 1 }),
  geminiErrorToChat: (body) => translate.geminiErrorToChat(body, 500),
  chatErrorToMessages: (body) => translate.chatErrorToMessages(body, 400),
  messagesErrorToChat: (body) => translate.messagesErrorToChat(body, 500),
};

interface Stream {
  push(chunk: JsonObject): readonly object[];
  end?(of: typeof durations): readonly object[];
}

const STREAMS: Record<string, (asked: JsonObject) => Stream> = {
  ChatStreamToMessages: () => new translate.ChatStreamToMessages(chatStream),
  MessagesStreamToChat: () =>
    new translate.MessagesStreamToChat({ createdAt: 1, includesUsage: true }),
  ConverseStreamToChat: () =>
    new translate.ConverseStreamToChat({ ...converse, includesUsage: true }),
  GeminiStreamToChat: () => new translate.GeminiStreamToChat({ ...gemini, includesUsage: true }),
  ResponsesStreamToChat: () =>
    new translate.ResponsesStreamToChat({ createdAt: 1, includesUsage: true }),
  ChatStreamToResponse: (request) => new translate.ChatStreamToResponse({ request, createdAt: 1 }),
  CustomCallsBack: (asked) => new translate.CustomCallsBack(asked),
  ChatStreamToCompletion: () => new translate.ChatStreamToCompletion({ echo: '' }),
  ChatStreamToOllama: () => new translate.ChatStreamToOllama(ollama),
};

describe('whatever JSON arrives', () => {
  test.each(Object.entries(REQUESTS))('%s makes a body of it, or says why not', (_name, make) => {
    fc.assert(
      fc.property(anyBody, (body) => {
        try {
          const made = make(body);
          expect(JSON.parse(JSON.stringify(made))).toHaveProperty('body');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(translate.Untranslatable);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(Object.entries(ANSWERS))('%s makes an answer of it', (_name, make) => {
    fc.assert(
      fc.property(anyBody, anyBody, (body, asked) => {
        expect(JSON.stringify(make(body, asked))).toMatch(/^\{/);
      }),
      { numRuns: 200 },
    );
  });

  test.each(Object.entries(STREAMS))('%s makes events of it', (_name, make) => {
    fc.assert(
      fc.property(fc.array(anyBody, { maxLength: 5 }), anyBody, (chunks, asked) => {
        const stream = make(asked);
        const events = chunks.flatMap((chunk) => [...stream.push(chunk)]);
        events.push(...(stream.end?.(durations) ?? []));
        for (const event of events) expect(JSON.stringify(event)).toMatch(/^\{/);
      }),
      { numRuns: 150 },
    );
  });
});
