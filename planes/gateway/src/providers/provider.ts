import type { ChatCapField } from '../bytes/rewrite-request.ts';
import type { FormatName } from '../formats/format.ts';

/** What differs between providers that speak the same format. Data: there is no code per provider. */
interface Traits {
  /** As `/v1/models` shows it. */
  readonly ownedBy: string;
  /** Limits of output that this provider is known to keep; one that it ignores bounds nothing (M1). */
  readonly keeps: readonly ChatCapField[];
  /** The one we set when a cap is needed. */
  readonly cap: ChatCapField;
  /** Where its prices stand in the bundled catalogue. */
  readonly catalogueId: string | undefined;
  /** It runs on the operator's own machines: a call costs nothing. */
  readonly isLocal: boolean;
  /** People name its address without the version of its interface. */
  readonly addsVersion: boolean;
  /** What it speaks; the first is what clients of other formats are translated to. */
  readonly formats: readonly [FormatName, ...FormatName[]];
  readonly credentialHeader: (key: string) => Readonly<Record<string, string>>;
  /** In a chat, it takes marks of the cache from whoever sets them; others refuse the field. */
  readonly keepsCacheMarks: boolean;
  /** Signed thinking, which clients send back, is taken back by whoever signed it. */
  readonly keepsThinking: boolean;
  /** Models that do not think may refuse to be told how hard. */
  readonly takesEffort: (model: string) => boolean;
  /** Where its models are listed, below the base URL or its origin. */
  readonly modelList: 'models' | 'ollama-tags' | 'litellm-info' | 'none';
  /** The path that a format has there, of that of the base URL. */
  readonly pathOf: (base: string, format: FormatName) => string;
  /** Where a configuration has its credential. */
  readonly secretField: string;
}

const COMPATIBLE = {
  // Widely understood; whether `max_completion_tokens` is, differs from server to server.
  keeps: ['max_tokens'],
  cap: 'max_tokens',
  isLocal: false,
  addsVersion: false,
  formats: ['chat'],
  credentialHeader: (key: string) => ({ authorization: `Bearer ${key}` }),
  keepsCacheMarks: false,
  keepsThinking: false,
  takesEffort: () => true,
  modelList: 'models',
  pathOf: (base: string) => base,
  secretField: 'api_key',
} as const;

/** Those of OpenAI that came before thinking; what comes next will think. */
const WITHOUT_THINKING = /^(?:gpt-3|gpt-4|chatgpt-4)/;

const PICTURES = ['images', 'image-edits', 'image-variations'] as const;
const RECORDINGS = ['transcriptions', 'translations', 'speech'] as const;

const BOTH = { keeps: ['max_tokens', 'max_completion_tokens'] } as const;

/** Its credential signs for tokens, and is never sent itself. */
const OF_VERTEX = {
  ownedBy: 'google',
  catalogueId: 'google',
  credentialHeader: () => ({}),
  keepsThinking: true,
  modelList: 'none',
  secretField: 'vertex_credentials',
} as const;

export const PROVIDERS = {
  // Its reasoning models refuse `max_tokens`; the newer name works with all of them.
  openai: {
    ...COMPATIBLE,
    ...BOTH,
    cap: 'max_completion_tokens',
    ownedBy: 'openai',
    catalogueId: 'openai',
    formats: ['chat', 'responses', 'embeddings', 'moderations', ...PICTURES, ...RECORDINGS],
    takesEffort: (model) => !WITHOUT_THINKING.test(model),
  },
  // Models that it serves by Responses alone. What they thought comes back sealed, as signed thinking.
  'openai-responses': {
    ...COMPATIBLE,
    ...BOTH,
    ownedBy: 'openai',
    catalogueId: 'openai',
    formats: ['responses'],
    keepsThinking: true,
  },
  anthropic: {
    ...COMPATIBLE,
    ...BOTH,
    ownedBy: 'anthropic',
    catalogueId: 'anthropic',
    formats: ['messages'],
    keepsThinking: true,
    credentialHeader: (key: string) => ({ 'x-api-key': key }),
    addsVersion: true,
  },
  ollama: {
    ...COMPATIBLE,
    ownedBy: 'ollama',
    catalogueId: undefined,
    isLocal: true,
    addsVersion: true,
    formats: ['chat', 'completions', 'embeddings'],
    modelList: 'ollama-tags',
  },
  litellm: {
    ...COMPATIBLE,
    ...BOTH,
    ownedBy: 'litellm',
    catalogueId: undefined,
    formats: [
      'chat',
      'messages',
      'responses',
      'completions',
      'embeddings',
      'moderations',
      'rerank',
      ...PICTURES,
      ...RECORDINGS,
    ],
    modelList: 'litellm-info',
  },
  // Any server that speaks the format. A model that has the name of one of OpenAI's costs as much.
  compatible: {
    ...COMPATIBLE,
    ownedBy: 'openai-compatible',
    catalogueId: 'openai',
    formats: [
      'chat',
      'completions',
      'embeddings',
      'moderations',
      'rerank',
      ...PICTURES,
      ...RECORDINGS,
    ],
  },
  gemini: {
    ...COMPATIBLE,
    ownedBy: 'google',
    catalogueId: 'google',
    formats: ['gemini', 'gemini-embeddings', 'gemini-embed'],
    credentialHeader: (key: string) => ({ 'x-goog-api-key': key }),
    keepsThinking: true,
  },
  // Where its base URL ends in /openai.
  'gemini-compatible': {
    ...COMPATIBLE,
    ...BOTH,
    ownedBy: 'google',
    catalogueId: 'google',
    formats: ['chat', 'embeddings'],
  },
  // Responses stand beside its deployments, not below one of them.
  azure: {
    ...COMPATIBLE,
    ...BOTH,
    cap: 'max_completion_tokens',
    ownedBy: 'azure',
    catalogueId: 'azure',
    formats: ['chat', 'responses', 'embeddings'],
    credentialHeader: (key: string) => ({ 'api-key': key }),
    // Where it is asked for tokens with.
    secretField: 'client_secret',
    takesEffort: (model) => !WITHOUT_THINKING.test(model),
    pathOf: (base: string, format: FormatName) =>
      format === 'responses' ? base.replace(/\/deployments\/[^/]+$/, '') : base,
  },
  vertex: {
    ...COMPATIBLE,
    ...OF_VERTEX,
    formats: ['gemini', 'vertex-embeddings'],
  },
  'vertex-claude': {
    ...COMPATIBLE,
    ...OF_VERTEX,
    formats: ['vertex-messages'],
  },
  // Its models are listed at another host.
  bedrock: {
    ...COMPATIBLE,
    ownedBy: 'amazon',
    catalogueId: 'aws',
    formats: ['converse', 'bedrock-embeddings'],
    keepsCacheMarks: true,
    keepsThinking: true,
    takesEffort: (model) => /anthropic\.claude|gpt-oss/.test(model),
    modelList: 'none',
    secretField: 'aws_secret_access_key',
  },
  groq: {
    ...COMPATIBLE,
    ...BOTH,
    ownedBy: 'groq',
    catalogueId: 'groq',
    formats: ['chat', ...RECORDINGS],
  },
  mistral: {
    ...COMPATIBLE,
    ownedBy: 'mistral',
    catalogueId: 'mistral',
    formats: ['chat', 'embeddings', 'moderations'],
  },
  deepseek: { ...COMPATIBLE, ownedBy: 'deepseek', catalogueId: 'deepseek' },
  xai: { ...COMPATIBLE, ...BOTH, ownedBy: 'xai', catalogueId: 'x-ai' },
  openrouter: {
    ...COMPATIBLE,
    ownedBy: 'openrouter',
    catalogueId: 'openrouter',
    keepsCacheMarks: true,
    formats: ['chat', 'completions', 'embeddings'],
  },
  together: {
    ...COMPATIBLE,
    ownedBy: 'together',
    catalogueId: 'together',
    formats: ['chat', 'completions', 'embeddings', 'rerank'],
  },
  fireworks: {
    ...COMPATIBLE,
    ownedBy: 'fireworks',
    catalogueId: 'fireworks',
    formats: ['chat', 'completions', 'embeddings', 'rerank'],
  },
  // Inside this installation: agents.
  source: { ...COMPATIBLE, ...BOTH, ownedBy: 'sagewai', catalogueId: undefined },
  simulated: { ...COMPATIBLE, ...BOTH, ownedBy: 'simulated', catalogueId: undefined },
} as const satisfies Record<string, Traits>;

export type ProviderName = keyof typeof PROVIDERS;

export function traitsOf(provider: ProviderName): Traits {
  return PROVIDERS[provider];
}

/**
 * The prefixes of a LiteLLM model name, `groq/llama-3.3-70b`, and where such a model is reached when
 * the configuration names no `api_base`; `undefined` where there is no such place.
 */
export const PREFIXES: ReadonlyMap<
  string,
  { readonly provider: ProviderName; readonly baseUrl: string | undefined }
> = new Map([
  ['openai', { provider: 'openai', baseUrl: 'https://api.openai.com/v1' }],
  ['anthropic', { provider: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' }],
  ['ollama', { provider: 'ollama', baseUrl: 'http://localhost:11434/v1' }],
  ['ollama_chat', { provider: 'ollama', baseUrl: 'http://localhost:11434/v1' }],
  ['litellm_proxy', { provider: 'litellm', baseUrl: undefined }],
  ['hosted_vllm', { provider: 'compatible', baseUrl: undefined }],
  ['openai_like', { provider: 'compatible', baseUrl: undefined }],
  ['lm_studio', { provider: 'compatible', baseUrl: undefined }],
  ['gemini', { provider: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com/v1beta' }],
  ['azure', { provider: 'azure', baseUrl: undefined }],
  ['bedrock', { provider: 'bedrock', baseUrl: undefined }],
  ['vertex_ai', { provider: 'vertex', baseUrl: undefined }],
  ['groq', { provider: 'groq', baseUrl: 'https://api.groq.com/openai/v1' }],
  ['mistral', { provider: 'mistral', baseUrl: 'https://api.mistral.ai/v1' }],
  ['deepseek', { provider: 'deepseek', baseUrl: 'https://api.deepseek.com/v1' }],
  ['xai', { provider: 'xai', baseUrl: 'https://api.x.ai/v1' }],
  ['openrouter', { provider: 'openrouter', baseUrl: 'https://openrouter.ai/api/v1' }],
  ['together_ai', { provider: 'together', baseUrl: 'https://api.together.xyz/v1' }],
  ['fireworks_ai', { provider: 'fireworks', baseUrl: 'https://api.fireworks.ai/inference/v1' }],
]);

/** Names that need no prefix because everybody knows whose they are. */
const WELL_KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|chatgpt-|o[134](-|$))/, 'openai'],
  [/^(text-embedding-(3|ada)-|omni-moderation-|dall-e-|whisper-1$|tts-1(-|$))/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^gemini-/, 'gemini'],
];

export function prefixOfName(model: string): string | undefined {
  return WELL_KNOWN.find(([pattern]) => pattern.test(model))?.[1];
}

/** Where the price of a model stands in the catalogue; a proxy's models are known by their names alone. */
export function catalogueOf(provider: ProviderName, model: string): string | undefined {
  if (provider !== 'litellm') return traitsOf(provider).catalogueId;
  const known = PREFIXES.get(prefixOfName(model) ?? '');
  return known && traitsOf(known.provider).catalogueId;
}
