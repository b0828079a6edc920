/** Ways to call a model beside chats and messages. Only what decides price, limits or shape is declared. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const tokenCount = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()]);
const flag = Type.Union([Type.Boolean(), Type.Null()]);
const model = Type.String({ minLength: 1, maxLength: 300 });
const textOrList = Type.Union([Type.String(), Type.Array(Type.Unknown())]);

export const responseRequest = Type.Object({
  model,
  input: Type.Optional(Type.Union([textOrList, Type.Null()])),
  stream: Type.Optional(flag),
  max_output_tokens: Type.Optional(tokenCount),
  tools: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
  background: Type.Optional(flag),
});

export const createResponse = endpoint({
  id: 'gateway.createResponse',
  method: 'POST',
  path: '/v1/responses',
  aliases: ['/responses'],
  surface: 'openai',
  summary: 'Call a model as OpenAI’s Responses; a provider that speaks them answers unchanged',
  permission: 'model:call',
  audit: 'batch',
  body: responseRequest,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

export const completionRequest = Type.Object({
  model,
  prompt: textOrList,
  stream: Type.Optional(flag),
  stream_options: Type.Optional(
    Type.Union([Type.Object({ include_usage: Type.Optional(flag) }), Type.Null()]),
  ),
  max_tokens: Type.Optional(tokenCount),
  n: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 128 }), Type.Null()])),
  best_of: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 128 }), Type.Null()])),
});

export const createCompletion = endpoint({
  id: 'gateway.createCompletion',
  method: 'POST',
  path: '/v1/completions',
  aliases: ['/completions'],
  surface: 'openai',
  summary: 'Complete a text, as the older of OpenAI’s formats asks for it',
  permission: 'model:call',
  audit: 'batch',
  body: completionRequest,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

export const embeddingRequest = Type.Object({ model, input: textOrList });

export const createEmbedding = endpoint({
  id: 'gateway.createEmbedding',
  method: 'POST',
  path: '/v1/embeddings',
  aliases: ['/embeddings'],
  surface: 'openai',
  summary: 'Turn texts into vectors',
  permission: 'model:call',
  audit: 'batch',
  body: embeddingRequest,
  output: Type.Unknown(),
});

export const moderationRequest = Type.Object({ model: Type.Optional(model), input: textOrList });

export const createModeration = endpoint({
  id: 'gateway.createModeration',
  method: 'POST',
  path: '/v1/moderations',
  aliases: ['/moderations'],
  surface: 'openai',
  summary: 'Say whether texts and pictures are harmful',
  permission: 'model:call',
  audit: 'batch',
  body: moderationRequest,
  output: Type.Unknown(),
});

export const rerankRequest = Type.Object({
  model,
  query: Type.Unknown(),
  documents: Type.Array(Type.Unknown()),
});

export const createRerank = endpoint({
  id: 'gateway.createRerank',
  method: 'POST',
  path: '/v1/rerank',
  aliases: ['/rerank'],
  surface: 'openai',
  summary: 'Order documents by how well they answer a question',
  permission: 'model:call',
  audit: 'batch',
  body: rerankRequest,
  output: Type.Unknown(),
});

export const MODEL_SURFACES = [
  createResponse,
  createCompletion,
  createEmbedding,
  createModeration,
  createRerank,
] as const;
