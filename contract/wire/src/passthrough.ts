/**
 * The paths of providers' own clients, each an endpoint of its own: what goes upstream is never a path that
 * a caller wrote. Only what decides price, limits or shape is declared.
 */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { chatCompletionRequest, messageRequest } from './gateway.ts';
import { embeddingRequest, responseRequest } from './model-surfaces.ts';

const STREAMED = {
  method: 'POST',
  permission: 'model:call',
  audit: 'batch',
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
} as const;

const name = Type.String({ minLength: 1, maxLength: 300 });
/** `gemini-2.5-flash:generateContent` */
const call = Type.String({ minLength: 1, maxLength: 350, pattern: '^[^:]+(:[^:]+)*:[A-Za-z]+$' });

const chatOfDeployment = Type.Omit(chatCompletionRequest, ['model']);
const embeddingOfDeployment = Type.Omit(embeddingRequest, ['model']);
/** Google's parsers take a number in quotes too, which nobody here would count. */
const tokenLimit = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Null()]);
const converse = Type.Object({
  messages: Type.Array(Type.Unknown()),
  inferenceConfig: Type.Optional(
    Type.Union([Type.Object({ maxTokens: Type.Optional(tokenLimit) }), Type.Null()]),
  ),
});
const candidateCount = Type.Union([Type.Integer({ minimum: 1, maximum: 128 }), Type.Null()]);
const geminiLimits = Type.Object({
  generationConfig: Type.Optional(
    Type.Union([
      Type.Object({
        maxOutputTokens: Type.Optional(tokenLimit),
        candidateCount: Type.Optional(candidateCount),
      }),
      Type.Null(),
    ]),
  ),
});
const { max_tokens, stream } = messageRequest.properties;
/** Of Gemini, or of Claude: which, the path says. */
const vertexLimits = Type.Object({
  ...geminiLimits.properties,
  max_tokens: Type.Optional(max_tokens),
  stream: Type.Optional(stream),
});

export const passOpenaiChat = endpoint({
  ...STREAMED,
  id: 'gateway.passOpenaiChat',
  path: '/openai/v1/chat/completions',
  aliases: ['/openai/chat/completions'],
  surface: 'openai',
  summary: 'A chat that OpenAI or a server of its format answers, and nobody else',
  body: chatCompletionRequest,
});

export const passOpenaiResponse = endpoint({
  ...STREAMED,
  id: 'gateway.passOpenaiResponse',
  path: '/openai/v1/responses',
  aliases: ['/openai/responses'],
  surface: 'openai',
  summary: 'A response of OpenAI itself',
  body: responseRequest,
});

export const passOpenaiEmbedding = endpoint({
  ...STREAMED,
  id: 'gateway.passOpenaiEmbedding',
  path: '/openai/v1/embeddings',
  aliases: ['/openai/embeddings'],
  surface: 'openai',
  summary: 'Embeddings of OpenAI, or of a server of its format',
  body: embeddingRequest,
});

export const passAnthropicMessage = endpoint({
  ...STREAMED,
  id: 'gateway.passAnthropicMessage',
  path: '/anthropic/v1/messages',
  surface: 'anthropic',
  summary: 'A message of Anthropic itself',
  body: messageRequest,
});

export const passAzureChat = endpoint({
  ...STREAMED,
  id: 'gateway.passAzureChat',
  path: '/azure/openai/v1/chat/completions',
  surface: 'openai',
  summary: 'A chat of Azure',
  body: chatCompletionRequest,
});

export const passAzureResponse = endpoint({
  ...STREAMED,
  id: 'gateway.passAzureResponse',
  path: '/azure/openai/v1/responses',
  aliases: ['/azure/openai/responses'],
  surface: 'openai',
  summary: 'A response of Azure',
  body: responseRequest,
});

export const passAzureEmbedding = endpoint({
  ...STREAMED,
  id: 'gateway.passAzureEmbedding',
  path: '/azure/openai/v1/embeddings',
  surface: 'openai',
  summary: 'Embeddings of Azure',
  body: embeddingRequest,
});

const deployment = Type.Object({ deployment: name });

export const passAzureDeploymentChat = endpoint({
  ...STREAMED,
  id: 'gateway.passAzureDeploymentChat',
  path: '/azure/openai/deployments/{deployment}/chat/completions',
  surface: 'openai',
  summary: 'A chat of Azure, by the name of its deployment',
  params: deployment,
  body: chatOfDeployment,
});

export const passAzureDeploymentEmbedding = endpoint({
  ...STREAMED,
  id: 'gateway.passAzureDeploymentEmbedding',
  path: '/azure/openai/deployments/{deployment}/embeddings',
  surface: 'openai',
  summary: 'Embeddings of Azure, by the name of its deployment',
  params: deployment,
  body: embeddingOfDeployment,
});

export const passGemini = endpoint({
  ...STREAMED,
  id: 'gateway.passGemini',
  path: '/gemini/v1beta/models/{model_call}',
  aliases: ['/gemini/v1/models/{model_call}'],
  surface: 'openai',
  summary: 'Gemini in its own format: generateContent, streamGenerateContent and embeddings',
  params: Type.Object({ model_call: call }),
  body: geminiLimits,
});

export const passVertex = endpoint({
  ...STREAMED,
  id: 'gateway.passVertex',
  path: '/vertex_ai/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{model_call}',
  surface: 'openai',
  summary: 'Gemini and Claude of Vertex AI in their own formats; where they are is configured',
  params: Type.Object({
    project: name,
    location: name,
    publisher: Type.Union([Type.Literal('google'), Type.Literal('anthropic')]),
    model_call: call,
  }),
  body: vertexLimits,
});

export const passBedrock = endpoint({
  ...STREAMED,
  id: 'gateway.passBedrock',
  path: '/bedrock/model/{model_id}/converse',
  surface: 'openai',
  summary: 'Converse of Bedrock, answered whole',
  params: Type.Object({ model_id: name }),
  body: converse,
});

export const PASSTHROUGH_ENDPOINTS = [
  passOpenaiChat,
  passOpenaiResponse,
  passOpenaiEmbedding,
  passAnthropicMessage,
  passAzureChat,
  passAzureResponse,
  passAzureEmbedding,
  passAzureDeploymentChat,
  passAzureDeploymentEmbedding,
  passGemini,
  passVertex,
  passBedrock,
] as const;
