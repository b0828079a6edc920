import type { IncomingHttpHeaders } from 'node:http';

import { isObject, messagesErrorType, textOf } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { isPlainTier } from '../calls/plan-call.ts';
import { EVENT_STREAM, type Format } from './format.ts';
import { countBlocks, type MessagesRequest, writesForAnHour } from './messages-parts.ts';
import { MessagesReader } from './messages-reader.ts';
import { readMessagesUsage } from './messages-usage.ts';
import { readServerTools } from './server-tools.ts';

const VERSION = '2023-06-01';
const LETTER_C = 0x63;
const LETTER_D = 0x64;
// `event: content_block_delta` alone says something; two others start like it.
const CONTENT_AT = 'event: '.length;
const DELTA_AT = 'event: content_block_'.length;
// A context that the catalogue does not tell of every model that can have it.
const LONG_CONTEXT = /context-1m/;

/** The status of an error that came as an event. */
const STATUS: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Anthropic's messages. */
export const MESSAGES: Format = {
  name: 'messages',
  operation: 'chat',
  path: '/messages',
  headers: { 'anthropic-version': VERSION },
  names: {
    top: watch([
      'model',
      'timeout',
      'messages',
      'system',
      'tools',
      'stream',
      'max_tokens',
      'service_tier',
      'speed',
      'inference_geo',
      'mcp_servers',
      'container',
      'cache_control',
      'context_management',
    ]),
    options: undefined,
  },
  read: (given, headers) => {
    const body = given as MessagesRequest;
    const serverTools = readServerTools(body.tools);
    return {
      model: body.model,
      wantsStream: body.stream === true,
      // Its streams always tell.
      hidesUsage: false,
      parts: { ...countBlocks(body), isLong: LONG_CONTEXT.test(String(headers['anthropic-beta'])) },
      choices: 1,
      hasPrediction: false,
      outputStated: body.max_tokens,
      keepsHour: writesForAnHour(body),
      unpriced: serverTools.kind === 'unpriced' ? serverTools.what : findUnpriced(body),
      serverTools: serverTools.kind === 'bounded' ? serverTools.tools : undefined,
    };
  },
  passHeaders: passAnthropicHeaders,
  passQuery: (url) => (/[?&]beta=true(?:&|$)/.test(url) ? '?beta=true' : ''),
  requestIdHeader: 'request-id',
  // A request always states its limit, and the thinking counts within it.
  capFor: () => undefined,
  errorBody: ({ status, message }) => ({
    type: 'error',
    error: { type: messagesErrorType(status), message },
  }),
  streamType: EVENT_STREAM,
  frame: (event) => `event: ${textOf(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`,
  lastFrame: '',
  usageOf: (answer) => readMessagesUsage((answer as { readonly usage?: unknown }).usage),
  seenIn: (answer) => ({
    outputBytes: Buffer.byteLength(
      JSON.stringify((answer as { readonly content?: unknown }).content ?? ''),
    ),
    outputChunks: 0,
  }),
  stream: {
    marks: [Buffer.from('_tokens"'), Buffer.from('"message_stop"'), Buffer.from('"error"')],
    isSaid: (bytes, start) =>
      bytes[start] === LETTER_D ||
      (bytes[start + CONTENT_AT] === LETTER_C && bytes[start + DELTA_AT] === LETTER_D),
    open: () => new MessagesReader(),
    mustEnd: true,
  },
  failureIn: (event) => {
    if (event['type'] !== 'error') return undefined;
    const error = isObject(event['error']) ? event['error'] : {};
    return { body: event, status: STATUS[textOf(error['type'])] ?? 500 };
  },
};

/** Betas and versions are open lists: a header and a field of the body belong together. */
function passAnthropicHeaders(headers: IncomingHttpHeaders): Record<string, string> | null {
  let passed: Record<string, string> | null = null;
  for (const name in headers) {
    if (!name.startsWith('anthropic-')) continue;
    const value = headers[name];
    if (typeof value === 'string') (passed ??= {})[name] = value;
  }
  return passed;
}

function findUnpriced(body: MessagesRequest): string | undefined {
  if (isGiven(body.mcp_servers)) return 'mcp_servers';
  if (isGiven(body.container)) return 'container';
  // It reads the whole prompt once more and writes a summary of it, beyond `max_tokens`.
  if (compacts(body.context_management)) return 'context_management.compact';
  if (isGiven(body.speed) && body.speed !== 'standard') return 'speed';
  if (isGiven(body.inference_geo) && body.inference_geo !== 'global') return 'inference_geo';
  return isPlainTier(body.service_tier) ? undefined : 'service_tier';
}

const compacts = (management: unknown): boolean =>
  isObject(management) &&
  Array.isArray(management['edits']) &&
  management['edits'].some((edit) => isObject(edit) && textOf(edit['type']).startsWith('compact'));

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
