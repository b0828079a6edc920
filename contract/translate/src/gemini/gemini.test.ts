import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  chatRequestToGemini,
  ChatStreamToMessages,
  chatAnswerToMessage,
  chatRequestToMessages,
  embeddingsToGemini,
  geminiErrorToChat,
  GeminiStreamToChat,
  geminiToChatAnswer,
  geminiToEmbeddings,
  messagesRequestToChat,
  Untranslatable,
} from '../index.ts';
import { type JsonObject, objectsOf, textOf } from '../json.ts';
import { openSchemas } from '../openai-schema-fixture.ts';

const NEW = 'gemini-3-pro-preview';
const toGemini = (request: JsonObject, model = NEW) =>
  chatRequestToGemini(request, { model, outputCap: undefined });
const toChat = (answer: JsonObject) => geminiToChatAnswer(answer, { model: NEW, createdAt: 1 });
const messageIn = (completion: JsonObject): JsonObject =>
  objectsOf(completion['choices'])[0]?.['message'] as JsonObject;

const candidate = (parts: readonly JsonObject[], finishReason = 'STOP'): JsonObject => ({
  content: { role: 'model', parts },
  finishReason,
  index: 0,
});
const answerOf = (parts: readonly JsonObject[], finishReason?: string): JsonObject => ({
  candidates: [candidate(parts, finishReason)],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: NEW,
  responseId: 'r-1',
});
const PARAMETERS = {
  type: 'object',
  properties: { at: { type: ['string', 'null'], description: 'where' } },
  additionalProperties: false,
  $schema: 'x',
};
const tool = { type: 'function', function: { name: 'look', parameters: PARAMETERS } };

describe('a chat request, for Gemini', () => {
  test('keeps system messages apart, and says pictures, recordings and files', () => {
    const { body, lost } = toGemini({
      messages: [
        { role: 'system', content: 'first' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'image_url', image_url: { url: 'https://x/y.webp?z=1' } },
            { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,CCCC' } },
            { type: 'file', file: { file_id: 'https://x.example/a.pdf' } },
            { type: 'file', file: { file_id: 'file-1' } },
          ],
        },
        { role: 'developer', content: 'second' },
      ],
    });
    expect(body['systemInstruction']).toEqual({ parts: [{ text: 'first' }, { text: 'second' }] });
    expect(body['contents']).toEqual([
      {
        role: 'user',
        parts: [
          { text: 'look' },
          { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          { fileData: { mimeType: 'image/webp', fileUri: 'https://x/y.webp?z=1' } },
          { inlineData: { mimeType: 'audio/mp3', data: 'BBBB' } },
          { inlineData: { mimeType: 'application/pdf', data: 'CCCC' } },
          { fileData: { mimeType: 'application/pdf', fileUri: 'https://x.example/a.pdf' } },
        ],
      },
    ]);
    expect(lost).toEqual(['messages.content.file.file_id']);
  });

  test.each([
    { type: 'file', file: { file_id: 'gs://operators/a.pdf' } },
    { type: 'file', file: { file_data: 'GS://operators/a.pdf' } },
    { type: 'image_url', image_url: { url: 'gs://operators/a.png' } },
  ])('is refused where it names something in a bucket: %j', (part) => {
    expect(() => toGemini({ messages: [{ role: 'user', content: [part] }] })).toThrow(
      Untranslatable,
    );
  });

  test('gives the results of parallel calls one content of their own, by name', () => {
    const call = (id: string, name: string) => ({
      id,
      type: 'function',
      function: { name, arguments: '{"q":1}' },
    });
    const { body } = toGemini(
      {
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [call('a', 'f'), call('call_made_r_0_1', 'g')],
          },
          { role: 'tool', tool_call_id: 'a', content: '{"found":true}' },
          {
            role: 'tool',
            tool_call_id: 'call_made_r_0_1',
            content: [
              { type: 'text', text: 'two' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            ],
          },
          { role: 'user', content: 'and now?' },
        ],
      },
      'gemini-2.5-flash',
    );
    expect(body['contents']).toEqual([
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'a', name: 'f', args: { q: 1 } } },
          { functionCall: { name: 'g', args: { q: 1 } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'f', response: { found: true } } },
          { functionResponse: { name: 'g', response: { result: 'two' } } },
        ],
      },
      { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
      { role: 'user', parts: [{ text: 'and now?' }] },
    ]);
  });

  test.each([
    [NEW, { parametersJsonSchema: PARAMETERS }, { responseJsonSchema: PARAMETERS }],
    [
      'gemini-2.0-flash',
      {
        parameters: {
          type: 'OBJECT',
          properties: { at: { type: 'STRING', nullable: true, description: 'where' } },
        },
      },
      {
        responseSchema: {
          type: 'OBJECT',
          properties: { at: { type: 'STRING', nullable: true, description: 'where' } },
        },
      },
    ],
  ])('says schemas as %s reads them', (model, parameters, schema) => {
    const json_schema = { name: 'a', schema: PARAMETERS };
    const { body } = toGemini(
      {
        messages: [],
        tools: [tool],
        tool_choice: { type: 'function', function: { name: 'look' } },
        response_format: { type: 'json_schema', json_schema },
      },
      model,
    );
    expect(body).toMatchObject({
      tools: [{ functionDeclarations: [{ name: 'look', ...parameters }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      generationConfig: { responseMimeType: 'application/json', ...schema },
    });
  });

  test.each([
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }],
    ['gemini-2.5-flash', 'high', { thinkingBudget: 24_576, includeThoughts: true }],
    [NEW, 'minimal', { thinkingLevel: 'low', includeThoughts: true }],
    ['gemini-3-flash', 'none', { thinkingLevel: 'minimal' }],
  ])('%s thinks as hard as “%s”', (model, reasoning_effort, thinkingConfig) => {
    const { body } = toGemini({ messages: [], reasoning_effort }, model);
    expect(body['generationConfig']).toEqual({ thinkingConfig });
  });

  test('says what it had to leave out, and its limits', () => {
    const { body, lost } = chatRequestToGemini(
      {
        messages: [],
        logprobs: true,
        reasoning_effort: 'low',
        parallel_tool_calls: false,
        tools: [tool, { type: 'custom' }],
        stop: 'END',
        n: 2,
      },
      { model: 'gemini-2.0-flash', outputCap: 7 },
    );
    expect(lost).toEqual(['logprobs', 'tools.custom', 'parallel_tool_calls', 'reasoning_effort']);
    expect(body['generationConfig']).toEqual({
      maxOutputTokens: 7,
      candidateCount: 2,
      stopSequences: ['END'],
    });
  });

  test('of another model says that a call has no signature, where one is demanded', () => {
    const messages = [
      {
        role: 'assistant',
        thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'of-another' }],
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
    ];
    const { body, lost } = toGemini({ messages });
    expect(lost).toEqual(['messages.thinking_blocks']);
    expect(body['contents']).toMatchObject([
      { parts: [{ thoughtSignature: 'skip_thought_signature_validator' }] },
    ]);
    expect(JSON.stringify(toGemini({ messages }, 'gemini-2.5-pro').body)).not.toContain('skip_');
  });
});

describe('an answer of Gemini', () => {
  test('keeps thinking apart, and counts it as output', () => {
    const completion = toChat({
      ...answerOf([{ text: 'hm', thought: true }, { text: 'yes' }]),
      usageMetadata: {
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        toolUsePromptTokenCount: 7,
        candidatesTokenCount: 10,
        thoughtsTokenCount: 30,
      },
    });
    expect(messageIn(completion)).toMatchObject({ content: 'yes', reasoning_content: 'hm' });
    expect(completion['usage']).toMatchObject({
      prompt_tokens: 107,
      completion_tokens: 40,
      total_tokens: 147,
      prompt_tokens_details: { cached_tokens: 40 },
      completion_tokens_details: { reasoning_tokens: 30 },
    });
  });

  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['OTHER', 'stop'],
  ])('that ends with %s', (reason, finish) => {
    expect(toChat(answerOf([{ text: 'a' }], reason))['choices']).toMatchObject([
      { finish_reason: finish },
    ]);
  });

  test('to a prompt that is blocked is a refusal, whole and streamed', () => {
    const blocked = { promptFeedback: { blockReason: 'SAFETY' } };
    const message = { content: null, refusal: 'The prompt was blocked: SAFETY.' };
    expect(toChat(blocked)['choices']).toMatchObject([
      { message, finish_reason: 'content_filter' },
    ]);
    const stream = new GeminiStreamToChat({ model: NEW, createdAt: 1, includesUsage: false });
    expect(stream.push(blocked).at(-1)).toMatchObject({
      choices: [{ finish_reason: 'content_filter' }],
    });
  });

  test('is what OpenAI calls a completion', () => {
    const call = { functionCall: { name: 'look', args: { at: 'x' } }, thoughtSignature: 's' };
    const mistakesOf = openSchemas(process.env['TEST_DATA_DIR'])('CreateChatCompletionResponse');
    expect(mistakesOf(toChat(answerOf([{ text: 'a' }])))).toBe('');
    expect(mistakesOf(toChat(answerOf([call])))).toBe('');
  });

  test('that is an error becomes one of OpenAI’s', () => {
    const error = { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED' };
    expect(geminiErrorToChat({ error }, 429)).toEqual({
      error: {
        message: 'quota',
        type: 'rate_limit_error',
        param: null,
        code: 'RESOURCE_EXHAUSTED',
      },
    });
  });
});

const text = fc.string({ minLength: 1, maxLength: 6 });
const signature = fc.option(fc.base64String({ minLength: 4, maxLength: 12 }), { nil: undefined });
const signed = (part: JsonObject, thoughtSignature: string | undefined): JsonObject =>
  thoughtSignature === undefined ? part : { ...part, thoughtSignature };
const modelParts = fc
  .record({
    said: fc.option(text, { nil: undefined }),
    saidSigned: signature,
    calls: fc.array(
      fc.record({
        id: fc.option(fc.stringMatching(/^[a-z0-9]{4,8}$/), { nil: undefined }),
        args: fc.dictionary(fc.constantFrom('a', 'b'), text),
        signature,
      }),
      { maxLength: 3 },
    ),
  })
  .filter(({ said, calls }) => said !== undefined || calls.length > 0)
  .map(({ said, saidSigned, calls }) => [
    ...(said === undefined ? [] : [signed({ text: said }, saidSigned)]),
    ...calls.map((each) =>
      signed(
        { functionCall: { ...(each.id ? { id: each.id } : {}), name: 'f', args: each.args } },
        each.signature,
      ),
    ),
  ]);

/** The chunks of a stream put together as OpenAI's clients do, extra fields as LiteLLM's. */
function gather(chunks: readonly JsonObject[]): JsonObject {
  let content = '';
  const calls: JsonObject[] = [];
  const thinking: JsonObject[] = [];
  for (const chunk of chunks) {
    const delta = objectsOf(chunk['choices'])[0]?.['delta'] as JsonObject | undefined;
    content += (delta?.['content'] as string | undefined) ?? '';
    calls.push(...objectsOf(delta?.['tool_calls']));
    thinking.push(...objectsOf(delta?.['thinking_blocks']));
  }
  return { role: 'assistant', content, tool_calls: calls, thinking_blocks: thinking };
}

// Before the models that demand signatures, so that nothing is put in the place of a missing one.
const back = (message: JsonObject): unknown =>
  objectsOf(toGemini({ messages: [message] }, 'gemini-2.5-pro').body['contents'])[0]?.['parts'];

describe('what Gemini said comes back to it as it was, signatures and ids included', () => {
  test('by a client of chat, from whole answers', () => {
    fc.assert(
      fc.property(modelParts, (parts) => {
        expect(back(messageIn(toChat(answerOf(parts))))).toEqual(parts);
      }),
    );
  });

  test('by a client of chat, from streams', () => {
    fc.assert(
      fc.property(modelParts, (parts) => {
        const stream = new GeminiStreamToChat({ model: NEW, createdAt: 1, includesUsage: true });
        const chunks = parts.flatMap((part) =>
          stream.push({ responseId: 'r', candidates: [{ content: { parts: [part] }, index: 0 }] }),
        );
        expect(back(gather([...chunks, ...stream.end()]))).toEqual(parts);
      }),
    );
  });

  test('by a client of Anthropic’s, from whole answers and from streams', () => {
    fc.assert(
      fc.property(modelParts, (parts) => {
        const stream = new GeminiStreamToChat({ model: NEW, createdAt: 1, includesUsage: true });
        const events = new ChatStreamToMessages({ inputTokensEstimate: 1 });
        const sent = [
          ...stream.push({ ...answerOf(parts) }).flatMap((chunk) => events.push(chunk)),
          ...events.end(),
        ].map(({ data }) => data);
        for (const content of [
          objectsOf(chatAnswerToMessage(toChat(answerOf(parts)))['content']),
          blocksIn(sent),
        ]) {
          const { body } = messagesRequestToChat(
            { messages: [{ role: 'assistant', content }] },
            { maxTokensField: 'max_tokens', keepsThinking: true },
          );
          expect(back(objectsOf(body['messages'])[0] ?? {})).toEqual(parts);
        }
      }),
    );
  });

  test('and never goes to Anthropic', () => {
    const message = messageIn(toChat(answerOf([{ text: 'a', thoughtSignature: 's' }])));
    const { body } = chatRequestToMessages({ messages: [message] }, { maxTokensDefault: 9 });
    expect(body['messages']).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: 'a' }] },
    ]);
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
    block['type'] === 'tool_use'
      ? { ...block, input: JSON.parse(textOf(json)) as JsonObject }
      : block,
  ) as JsonObject[];
}

describe('embeddings', () => {
  test('are asked for all at once, and packed as the client wants them', () => {
    const { body } = embeddingsToGemini({ input: ['a', 'b'], dimensions: 8 }, 'e');
    expect(body['requests']).toEqual([
      { model: 'models/e', content: { parts: [{ text: 'a' }] }, outputDimensionality: 8 },
      { model: 'models/e', content: { parts: [{ text: 'b' }] }, outputDimensionality: 8 },
    ]);
    const answer = { embeddings: [{ values: [0.5, -2] }] };
    const of = { model: 'e', isBase64: false, inputTokens: 3 };
    expect(geminiToEmbeddings(answer, of)).toMatchObject({
      data: [{ index: 0, embedding: [0.5, -2] }],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    const packed = geminiToEmbeddings(answer, { ...of, isBase64: true });
    const bytes = Buffer.from(textOf(objectsOf(packed['data'])[0]?.['embedding']), 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([0.5, -2]);
    expect(() => embeddingsToGemini({ input: [1, 2] }, 'e')).toThrow(Untranslatable);
  });
});
