import { isObject, type JsonObject } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import type { Usage } from '../money/usage.ts';
import { EVENT_STREAM, type Format } from './format.ts';
import { countGeminiParts } from './gemini-parts.ts';
import { readGeminiUsage } from './gemini-usage.ts';

const LETTER_D = 0x64;

/** Google's words for the statuses that it has no number for in an event. */
const STATUS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/**
 * Google's parsers take a name in two spellings; what is metered must be there in one (M1). Both are watched,
 * so that neither can hide behind escapes.
 */
export const SPELLINGS = {
  top: {
    generation_config: 'generationConfig',
    cached_content: 'cachedContent',
    system_instruction: 'systemInstruction',
    service_tier: 'serviceTier',
  },
  config: {
    max_output_tokens: 'maxOutputTokens',
    candidate_count: 'candidateCount',
    response_modalities: 'responseModalities',
    speech_config: 'speechConfig',
  },
} as const;

const bothOf = (names: Readonly<Record<string, string>>): readonly string[] => [
  ...Object.keys(names),
  ...Object.values(names),
];

/** Gemini's own `generateContent`. Which model it is, and that a stream is wanted, stand in the URL. */
export const GEMINI: Format = {
  name: 'gemini',
  operation: 'chat',
  path: '/models',
  locate: (model, wantsStream) =>
    `/models/${encodeURIComponent(model)}:${wantsStream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  headers: {},
  names: {
    top: watch(['model', 'contents', 'tools', ...bothOf(SPELLINGS.top)]),
    options: { field: 'generationConfig', names: watch(bothOf(SPELLINGS.config)) },
  },
  read: (given) => {
    const body = given as JsonObject;
    const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
    const { maxOutputTokens, candidateCount } = config;
    return {
      model: typeof body['model'] === 'string' ? body['model'] : '',
      wantsStream: body['stream'] === true,
      hidesUsage: false,
      parts: countGeminiParts([body['systemInstruction'], body['contents']].flat()),
      choices: typeof candidateCount === 'number' ? candidateCount : 1,
      hasPrediction: false,
      outputStated: typeof maxOutputTokens === 'number' ? maxOutputTokens : undefined,
      keepsHour: false,
      unpriced: findUnpriced(body, config),
    };
  },
  passHeaders: () => null,
  passQuery: () => '',
  capFor: (_deployment, _body, bounds, granted) => {
    if (bounds.stated !== undefined) return undefined;
    const tokens = granted < bounds.outputMax ? granted : bounds.capEach;
    return tokens === undefined ? undefined : { field: 'generationConfig.maxOutputTokens', tokens };
  },
  errorBody: ({ status, code, message }) => ({
    error: { code: status, message, status: statusName(status), details: [{ reason: code }] },
  }),
  streamType: EVENT_STREAM,
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  lastFrame: '',
  usageOf: readGeminiUsage,
  seenIn: (answer) => ({
    outputBytes: Buffer.byteLength(
      JSON.stringify((answer as { readonly candidates?: unknown }).candidates ?? ''),
    ),
    outputChunks: 0,
  }),
  stream: {
    marks: [
      Buffer.from('"usageMetadata"'),
      Buffer.from('"finishReason"'),
      Buffer.from('"promptFeedback"'),
      Buffer.from('"error"'),
    ],
    isSaid: (bytes, start) => bytes[start] === LETTER_D,
    open: () => new GeminiReader(),
    mustEnd: true,
  },
  // It says 400 to a key that it does not know.
  isKeyRefused: (words) => words.includes('"API_KEY_INVALID"'),
  failureIn: (event) => {
    const { error } = event;
    if (!isObject(error)) return undefined;
    const told = Number(error['code']);
    const named = typeof error['status'] === 'string' ? STATUS[error['status']] : undefined;
    return { body: event, status: told >= 400 && told < 600 ? told : (named ?? 500) };
  },
};

/** What has a fee of its own, or tokens that no body bounds: a cache, a tier, tools of Google's, other outputs. */
function findUnpriced(body: JsonObject, config: JsonObject): string | undefined {
  if (body['cachedContent'] !== undefined) return 'cachedContent';
  if (body['serviceTier'] !== undefined) return 'serviceTier';
  if (config['speechConfig'] !== undefined) return 'generationConfig.speechConfig';
  const { responseModalities: modalities } = config;
  if (modalities !== undefined && JSON.stringify(modalities).toUpperCase() !== '["TEXT"]')
    return 'generationConfig.responseModalities';
  const { tools } = body;
  for (const tool of Array.isArray(tools) ? (tools as readonly unknown[]) : [tools]) {
    const names = Object.keys(isObject(tool) ? tool : {});
    const other = names.find((name) => !DECLARATIONS.has(name));
    if (other !== undefined) return `tools.${other}`;
  }
  return undefined;
}

const DECLARATIONS = new Set(['functionDeclarations', 'function_declarations']);

function statusName(status: number): string {
  return Object.keys(STATUS).find((name) => STATUS[name] === status) ?? 'INTERNAL';
}

/**
 * Every event tells the usage so far, and may be read alone. The last one bears the reason to stop; a
 * prompt that is blocked has nothing but that.
 */
class GeminiReader implements EventReader {
  usage: Usage | undefined;
  begun: Usage | undefined;

  read(data: string): EventKind {
    const event = parseData(data);
    if (!isObject(event)) return 'content';
    if (isObject(event['error'])) return 'failure';
    const told = readGeminiUsage(event);
    this.begun = told ?? this.begun;
    if (!isEnd(event)) return 'content';
    this.usage = told ?? this.usage;
    return 'last';
  }
}

function isEnd(event: JsonObject): boolean {
  const feedback = event['promptFeedback'];
  if (isObject(feedback) && typeof feedback['blockReason'] === 'string') return true;
  const { candidates } = event;
  return (
    Array.isArray(candidates) &&
    (candidates as readonly unknown[]).some(
      (each) => isObject(each) && typeof each['finishReason'] === 'string',
    )
  );
}
