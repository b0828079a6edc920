/** Ollama's own interface, as far as its clients call models with it. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const model = Type.String({ minLength: 1, maxLength: 300 });
const stream = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]));
const list = Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()]));
const text = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const LINES = ['application/json', 'application/x-ndjson'] as const;

export const ollamaChatRequest = Type.Object({ model, messages: list, stream });

export const ollamaChat = endpoint({
  id: 'gateway.ollamaChat',
  method: 'POST',
  path: '/api/chat',
  surface: 'ollama',
  summary: 'Call a model as Ollama is called; streamed as lines unless told not to',
  permission: 'model:call',
  audit: 'batch',
  body: ollamaChatRequest,
  output: Type.Unknown(),
  mediaTypes: LINES,
});

export const ollamaGenerateRequest = Type.Object({ model, prompt: text, images: list, stream });

export const ollamaGenerate = endpoint({
  id: 'gateway.ollamaGenerate',
  method: 'POST',
  path: '/api/generate',
  surface: 'ollama',
  summary: 'Ask a model a single question as Ollama is asked',
  permission: 'model:call',
  audit: 'batch',
  body: ollamaGenerateRequest,
  output: Type.Unknown(),
  mediaTypes: LINES,
});

export const ollamaEmbedRequest = Type.Object({
  model,
  input: Type.Union([Type.String(), Type.Array(Type.Unknown())]),
});

export const ollamaEmbed = endpoint({
  id: 'gateway.ollamaEmbed',
  method: 'POST',
  path: '/api/embed',
  surface: 'ollama',
  summary: 'Turn texts into vectors as Ollama does',
  permission: 'model:call',
  audit: 'batch',
  body: ollamaEmbedRequest,
  output: Type.Unknown(),
});

export const ollamaTags = endpoint({
  id: 'gateway.ollamaTags',
  method: 'GET',
  path: '/api/tags',
  surface: 'ollama',
  summary: 'List the models that the credential may call, as Ollama lists its own',
  permission: 'model:list',
  audit: 'read',
  output: Type.Unknown(),
});

export const ollamaShow = endpoint({
  id: 'gateway.ollamaShow',
  method: 'POST',
  path: '/api/show',
  surface: 'ollama',
  summary: 'Say what is known about a model, as Ollama does',
  permission: 'model:list',
  audit: 'read',
  body: Type.Object({
    model: Type.Optional(model),
    /** The older word. */
    name: Type.Optional(model),
  }),
  output: Type.Unknown(),
});

export const ollamaVersion = endpoint({
  id: 'gateway.ollamaVersion',
  method: 'GET',
  path: '/api/version',
  surface: 'ollama',
  summary: 'Say which version of Ollama’s interface is spoken here',
  permission: 'model:list',
  audit: 'read',
  output: Type.Object({ version: Type.String() }),
});

export const OLLAMA_SURFACES = [
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
  ollamaTags,
  ollamaShow,
  ollamaVersion,
] as const;
