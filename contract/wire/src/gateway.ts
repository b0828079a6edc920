import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const tokenCount = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()]);

/**
 * Only the fields that decide price, limits or shape are declared. Everything else of a request
 * belongs to the provider and passes as the bytes it arrived in.
 */
export const chatCompletionRequest = Type.Object({
  model: Type.String({ minLength: 1, maxLength: 300 }),
  /** Some agents send `input` instead, as a request of Responses has it. */
  messages: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
  input: Type.Optional(Type.Unknown()),
  stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  stream_options: Type.Optional(
    Type.Union([
      Type.Object({
        include_usage: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
      }),
      Type.Null(),
    ]),
  ),
  max_tokens: Type.Optional(tokenCount),
  max_completion_tokens: Type.Optional(tokenCount),
  n: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 128 }), Type.Null()])),
  /** The chat session that it goes on with: the model is reminded of it, and it keeps what is answered. */
  session_id: Type.Optional(Type.Unknown()),
  /** True, or how: passages of the project's index are given along, and told as `sources`. */
  retrieval: Type.Optional(Type.Unknown()),
});

/** Answers with the provider's own bytes: one JSON object, or server-sent events with `stream`. */
export const createChatCompletion = endpoint({
  id: 'gateway.createChatCompletion',
  method: 'POST',
  path: '/v1/chat/completions',
  aliases: ['/chat/completions', '/api/chat/v1/chat/completions'],
  surface: 'openai',
  summary: 'Call a model; the answer is the one of the provider, unchanged',
  permission: 'model:call',
  audit: 'batch',
  body: chatCompletionRequest,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

/** As above: what decides price, limits or shape. The provider checks the rest. */
export const messageRequest = Type.Object({
  model: Type.String({ minLength: 1, maxLength: 300 }),
  messages: Type.Array(Type.Unknown()),
  max_tokens: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
  stream: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  tools: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
});

/** Anthropic's surface: the same call, answered in its words. */
export const createMessage = endpoint({
  id: 'gateway.createMessage',
  method: 'POST',
  path: '/v1/messages',
  surface: 'anthropic',
  summary: 'Call a model as Anthropic is called; its own answers pass unchanged',
  permission: 'model:call',
  audit: 'batch',
  body: messageRequest,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

/** What a prompt would be charged as input, without asking for an answer. */
export const countMessageTokens = endpoint({
  id: 'gateway.countMessageTokens',
  method: 'POST',
  path: '/v1/messages/count_tokens',
  surface: 'anthropic',
  summary: 'Count the tokens of a prompt; an estimate where its provider does not count',
  permission: 'model:call',
  audit: 'read',
  body: Type.Omit(messageRequest, ['max_tokens', 'stream']),
  output: Type.Object({ input_tokens: Type.Integer() }),
});

export const model = Type.Object({
  id: Type.String(),
  object: Type.Literal('model'),
  created: Type.Integer(),
  owned_by: Type.String(),
});

/** The same, for who asks with Anthropic's headers. */
const anthropicModel = Type.Object({
  type: Type.Literal('model'),
  id: Type.String(),
  display_name: Type.String(),
  created_at: Type.String(),
  max_input_tokens: Type.Union([Type.Integer(), Type.Null()]),
  max_tokens: Type.Union([Type.Integer(), Type.Null()]),
});

const nameOrNull = Type.Union([Type.String(), Type.Null()]);

const anthropicModelPage = Type.Object({
  data: Type.Array(anthropicModel),
  has_more: Type.Boolean(),
  first_id: nameOrNull,
  last_id: nameOrNull,
});

export const listModels = endpoint({
  id: 'gateway.listModels',
  method: 'GET',
  path: '/v1/models',
  aliases: ['/models'],
  surface: 'openai',
  summary: 'List the models that the credential may call',
  permission: 'model:list',
  audit: 'read',
  // Anthropic's pages; who asks as OpenAI is asked gets all of them.
  query: Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    after_id: Type.Optional(Type.String()),
    before_id: Type.Optional(Type.String()),
  }),
  output: Type.Union([
    Type.Object({ object: Type.Literal('list'), data: Type.Array(model) }),
    anthropicModelPage,
  ]),
});

export const getModel = endpoint({
  id: 'gateway.getModel',
  method: 'GET',
  path: '/v1/models/{model_id}',
  aliases: ['/models/{model_id}'],
  surface: 'openai',
  summary: 'Read one of the models that the credential may call',
  permission: 'model:list',
  audit: 'read',
  params: Type.Object({ model_id: Type.String() }),
  output: Type.Union([model, anthropicModel]),
});

export * from './batches.ts';
export * from './call-bodies.ts';
export * from './message-batches.ts';
export * from './kept-responses.ts';
export * from './media.ts';
export * from './model-surfaces.ts';
export * from './ollama.ts';
