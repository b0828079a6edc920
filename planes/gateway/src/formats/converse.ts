import { newId } from '@sagewai/crypto';
import {
  chatRequestToConverse,
  converseErrorToChat,
  ConverseStreamToChat,
  converseToChatAnswer,
  isObject,
  type JsonObject,
  objectsOf,
} from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { type EventKind, type EventReader, parseData } from '../bytes/stream-reading.ts';
import type { PromptParts } from '../money/meter.ts';
import type { Usage } from '../money/usage.ts';
import type { Crossing } from './crossing.ts';
import { EVENT_STREAM, type Format } from './format.ts';
import { readMessagesUsage } from './messages-usage.ts';

const LETTER_D = 0x64;
// As at Anthropic itself: a context that the catalogue does not tell of every model that can have it.
const LONG_CONTEXT = /context-1m/;

const STATUS: Readonly<Record<string, number>> = {
  validationException: 400,
  accessDeniedException: 403,
  resourceNotFoundException: 404,
  modelTimeoutException: 408,
  throttlingException: 429,
  serviceUnavailableException: 503,
};

/** Bedrock's Converse. Its streams are frames, which arrive here as server-sent events. */
export const CONVERSE: Format = {
  name: 'converse',
  operation: 'chat',
  path: '/model',
  locate: (model, wantsStream) =>
    `/model/${encodeURIComponent(model)}/${wantsStream ? 'converse-stream' : 'converse'}`,
  isFramed: true,
  headers: {},
  names: {
    top: watch([
      'model',
      'messages',
      'system',
      'inferenceConfig',
      'toolConfig',
      'guardrailConfig',
      'performanceConfig',
      'serviceTier',
      'promptVariables',
      'additionalModelRequestFields',
    ]),
    options: { field: 'inferenceConfig', names: watch(['maxTokens']) },
  },
  read: (given) => {
    const body = given as JsonObject;
    const config = isObject(body['inferenceConfig']) ? body['inferenceConfig'] : {};
    const { maxTokens } = config;
    return {
      model: typeof body['model'] === 'string' ? body['model'] : '',
      wantsStream: body['stream'] === true,
      hidesUsage: false,
      parts: {
        ...countBlocks([{ content: body['system'] ?? null }, body['messages'] ?? null].flat()),
        isLong: LONG_CONTEXT.test(JSON.stringify(body['additionalModelRequestFields'] ?? null)),
      },
      choices: 1,
      hasPrediction: false,
      outputStated: typeof maxTokens === 'number' ? maxTokens : undefined,
      keepsHour: JSON.stringify(body).includes('"ttl":"1h"'),
      unpriced: findUnpriced(body),
    };
  },
  passHeaders: () => null,
  passQuery: () => '',
  // Also the limit of the model as it is known here: newer ones of a family may write more (M1).
  capFor: ({ outputTokensMax }, _body, bounds, granted) => {
    if (bounds.stated !== undefined) return undefined;
    const tokens = granted < bounds.outputMax ? granted : (bounds.capEach ?? outputTokensMax);
    return tokens === undefined ? undefined : { field: 'inferenceConfig.maxTokens', tokens };
  },
  errorBody: ({ message }) => ({ message }),
  streamType: EVENT_STREAM,
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  lastFrame: '',
  usageOf: (answer) => readConverseUsage((answer as { readonly usage?: unknown }).usage),
  seenIn: (answer) => ({
    outputBytes: Buffer.byteLength(
      JSON.stringify((answer as { readonly output?: unknown }).output ?? ''),
    ),
    outputChunks: 0,
  }),
  stream: {
    marks: [Buffer.from('"metadata"'), Buffer.from('"exception"')],
    isSaid: (bytes, start) => bytes[start] === LETTER_D,
    open: () => new ConverseReader(),
    mustEnd: true,
  },
  failureIn: (event) => {
    const { exception } = event;
    if (!isObject(exception)) return undefined;
    const { __type: name } = exception;
    return { body: exception, status: (typeof name === 'string' && STATUS[name]) || 500 };
  },
};

const PRICED_APART = ['guardrailConfig', 'performanceConfig', 'serviceTier', 'promptVariables'];
/** Tools that whoever asks runs, and a mark among them; what Amazon runs itself has fees. */
const DESCRIBED = new Set(['toolSpec', 'cachePoint']);
/** Of a model's own words, those that change neither its limit nor its price. */
const OWN_WORDS = new Set(['thinking', 'reasoning_effort', 'top_k', 'anthropic_beta']);

function findUnpriced(body: JsonObject): string | undefined {
  const apart = PRICED_APART.find((name) => body[name] !== undefined);
  const { additionalModelRequestFields: more, toolConfig } = body;
  const other = Object.keys(isObject(more) ? more : {}).find((name) => !OWN_WORDS.has(name));
  const run = objectsOf(isObject(toolConfig) ? toolConfig['tools'] : undefined)
    .flatMap((tool) => Object.keys(tool))
    .find((name) => !DESCRIBED.has(name));
  return (
    apart ??
    (other && `additionalModelRequestFields.${other}`) ??
    (run && `toolConfig.tools.${run}`)
  );
}

/** The last event tells all that was used, and nothing before it tells anything. */
class ConverseReader implements EventReader {
  usage: Usage | undefined;
  readonly begun = undefined;

  read(data: string): EventKind {
    const event = parseData(data);
    if (!isObject(event)) return 'content';
    if (isObject(event['exception'])) return 'failure';
    const { metadata } = event;
    if (!isObject(metadata)) return 'content';
    this.usage = readConverseUsage(metadata['usage']);
    return 'last';
  }
}

/** Counted as Anthropic counts, under other names. */
function readConverseUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const details = usage['cacheDetails'];
  const hour = (Array.isArray(details) ? (details as readonly unknown[]) : [])
    .filter(isObject)
    .filter(({ ttl }) => ttl === '1h')
    .reduce((sum, { inputTokens }) => sum + (typeof inputTokens === 'number' ? inputTokens : 0), 0);
  return readMessagesUsage({
    input_tokens: usage['inputTokens'],
    output_tokens: usage['outputTokens'],
    cache_read_input_tokens: usage['cacheReadInputTokens'],
    cache_creation_input_tokens: usage['cacheWriteInputTokens'],
    cache_creation: { ephemeral_1h_input_tokens: hour },
  });
}

const TEXTS = new Set(['text', 'toolUse', 'reasoningContent', 'cachePoint', 'json']);

/** Pictures, and whatever else is no text; results of tools hold blocks too (M1). */
function countBlocks(messages: unknown): Omit<PromptParts, 'isLong'> {
  let images = 0;
  let opaque = 0;
  const count = (content: unknown): void => {
    for (const block of objectsOf(content)) {
      const { toolResult } = block;
      if (isObject(toolResult)) count(toolResult['content']);
      else if ('image' in block) images++;
      else if (!Object.keys(block).every((name) => TEXTS.has(name))) opaque++;
    }
  };
  for (const message of objectsOf(messages)) {
    // A name that the parser may have misread (find-fields.ts), behind which anything may hide.
    if ('\\' in message) opaque++;
    count(message['content']);
  }
  return { images, opaque };
}

/** A client of OpenAI's, a model of Bedrock. */
export const CHAT_OVER_CONVERSE: Crossing = {
  client: 'chat',
  upstream: 'converse',
  open: (request, { deployment, outputCap, maxTokensDefault, createdAt }) => {
    const { upstreamModel: model } = deployment;
    const { body, lost } = chatRequestToConverse(request, {
      model,
      outputCap: outputCap ?? deployment.outputTokensMax,
      maxTokensDefault,
    });
    const options = request['stream_options'] as JsonObject | null | undefined;
    const includesUsage = options?.['include_usage'] === true;
    const answered = { id: `chatcmpl-${newId()}`, model, createdAt };
    return {
      body,
      lost,
      answer: (answer) => converseToChatAnswer(answer, answered),
      error: converseErrorToChat,
      stream: () => {
        const chunks = new ConverseStreamToChat({ ...answered, includesUsage });
        return { push: (event) => chunks.push(event), end: () => chunks.end() };
      },
    };
  },
};
