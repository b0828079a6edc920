import { chatErrorType, isObject } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import { isPlainTier } from '../calls/plan-call.ts';
import { countParts } from '../money/meter.ts';
import { readUsage, type Usage } from '../money/usage.ts';
import { traitsOf } from '../providers/provider.ts';
import { EVENT_STREAM, type Format } from './format.ts';

/** The fields of a request that decide what it may cost. */
interface ChatRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly max_tokens?: number | null;
  readonly max_completion_tokens?: number | null;
  readonly n?: number | null;
  readonly prediction?: unknown;
  readonly service_tier?: unknown;
  readonly web_search_options?: unknown;
}

const NOTHING = {};
const LETTER_D = 0x64;

/** OpenAI's chat completions, and everything that speaks like them. */
export const CHAT: Format = {
  name: 'chat',
  operation: 'chat',
  path: '/chat/completions',
  headers: NOTHING,
  names: {
    top: watch([
      'model',
      'timeout',
      'messages',
      'stream',
      'stream_options',
      'max_tokens',
      'max_completion_tokens',
      'n',
      'prediction',
      'service_tier',
      'web_search_options',
    ]),
    options: { field: 'stream_options', names: watch(['include_usage']) },
  },
  read: (given) => {
    const body = given as ChatRequest;
    const wantsStream = body.stream === true;
    return {
      model: body.model,
      wantsStream,
      hidesUsage: wantsStream && body.stream_options?.include_usage !== true,
      parts: countParts(body.messages),
      choices: body.n ?? 1,
      hasPrediction: body.prediction !== undefined && body.prediction !== null,
      outputStated: mostStated(body),
      keepsHour: false,
      unpriced: findUnpriced(body),
    };
  },
  passHeaders: () => null,
  passQuery: () => '',
  capFor: (deployment, body, bounds, granted) => {
    const { keeps, cap: field } = traitsOf(deployment.endpoint.provider);
    if (bounds.stated !== undefined) {
      const isKept = keeps.some((name) => typeof (body as ChatRequest)[name] === 'number');
      return isKept ? undefined : { field, tokens: bounds.stated };
    }
    const tokens = granted < bounds.outputMax ? granted : bounds.capEach;
    return tokens === undefined ? undefined : { field, tokens };
  },
  errorBody: ({ status, code, message }) => ({
    error: { message, type: chatErrorType(status), param: null, code },
  }),
  streamType: EVENT_STREAM,
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  lastFrame: 'data: [DONE]\n\n',
  usageOf: readUsage,
  seenIn: (answer) => ({
    outputBytes: Buffer.byteLength(
      JSON.stringify((answer as { readonly choices?: unknown }).choices ?? ''),
    ),
    outputChunks: 0,
  }),
  stream: {
    marks: [Buffer.from('_tokens"'), Buffer.from('[DONE]')],
    isSaid: (bytes, start) => bytes[start] === LETTER_D,
    open: () => new ChatReader(),
    // Not every server says [DONE].
    mustEnd: false,
  },
  failureIn: (event) => {
    const { error } = event;
    if (!isObject(error)) return undefined;
    const status = Number(error['code']);
    return { body: event, status: status >= 400 && status < 600 ? status : 500 };
  },
};

class ChatReader implements EventReader {
  usage: Usage | undefined;
  readonly begun = undefined;

  read(data: string): EventKind {
    if (data === '[DONE]') return 'last';
    const body = parseData(data);
    const usage = readUsage(body);
    this.usage = usage ?? this.usage;
    return usage !== undefined && hasNoChoices(body) ? 'usage' : 'content';
  }
}

function hasNoChoices(body: unknown): boolean {
  const { choices } = (body ?? {}) as { choices?: unknown };
  return Array.isArray(choices) && choices.length === 0;
}

/** Where both names are given, nobody knows which of them the provider takes. */
function mostStated(body: ChatRequest): number | undefined {
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (typeof older === 'number') return typeof newer === 'number' ? Math.max(older, newer) : older;
  return typeof newer === 'number' ? newer : undefined;
}

function findUnpriced(body: ChatRequest): string | undefined {
  if (body.web_search_options !== undefined && body.web_search_options !== null) {
    return 'web_search_options';
  }
  return isPlainTier(body.service_tier) ? undefined : 'service_tier';
}
