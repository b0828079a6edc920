import { chatErrorType, isObject, type JsonObject, textOf } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { isPlainTier } from '../calls/plan-call.ts';
import { readInputUsage } from '../money/usage.ts';
import { EVENT_STREAM, type Format } from './format.ts';
import { countItems, isHosted, type ResponsesRequest } from './responses-parts.ts';
import { ResponsesReader } from './responses-reader.ts';

const LETTER_E = 0x65;
// `event: response.output_text.delta`, and its like: the name stands in the first line.
const NAME_BYTES_MAX = 64;
const SAID = Buffer.from('.delta\n');

/** OpenAI's Responses. */
export const RESPONSES: Format = {
  name: 'responses',
  operation: 'chat',
  path: '/responses',
  headers: {},
  names: {
    top: watch([
      'model',
      'timeout',
      'input',
      'instructions',
      'prompt',
      'tools',
      'stream',
      'max_output_tokens',
      'service_tier',
      'background',
      'previous_response_id',
      'conversation',
    ]),
    options: undefined,
  },
  read: (given) => {
    const body = given as ResponsesRequest;
    return {
      model: body.model,
      wantsStream: body.stream === true,
      // Its streams always tell.
      hidesUsage: false,
      parts: countItems(body),
      choices: 1,
      hasPrediction: false,
      outputStated: body.max_output_tokens ?? undefined,
      keepsHour: false,
      unpriced: findUnpriced(body),
    };
  },
  passHeaders: () => null,
  passQuery: () => '',
  capFor: (_deployment, _body, bounds, granted) => {
    if (bounds.stated !== undefined) return undefined;
    const tokens = granted < bounds.outputMax ? granted : bounds.capEach;
    return tokens === undefined ? undefined : { field: 'max_output_tokens', tokens };
  },
  errorBody: ({ status, code, message }) => ({
    error: { message, type: chatErrorType(status), param: null, code },
  }),
  streamType: EVENT_STREAM,
  frame: (event) => {
    const { type } = event;
    const data = typeof type === 'string' ? event : errorEvent(event);
    return `event: ${typeof type === 'string' ? type : 'error'}\ndata: ${JSON.stringify(data)}\n\n`;
  },
  lastFrame: '',
  usageOf: readInputUsage,
  seenIn: (answer) => ({
    outputBytes: Buffer.byteLength(
      JSON.stringify((answer as { readonly output?: unknown }).output ?? ''),
    ),
    outputChunks: 0,
  }),
  stream: {
    marks: ['completed', 'incomplete', 'failed']
      .map((end) => Buffer.from(`"response.${end}"`))
      .concat(Buffer.from('"error"')),
    isSaid: (bytes, start) =>
      bytes[start] === LETTER_E && bytes.subarray(start, start + NAME_BYTES_MAX).includes(SAID),
    open: () => new ResponsesReader(),
    mustEnd: true,
  },
  failureIn: (event) => {
    if (event['type'] !== 'error' && event['type'] !== 'response.failed') return undefined;
    const response = isObject(event['response']) ? event['response'] : {};
    const told = isObject(response['error']) ? response['error'] : event;
    const code = textOf(told['code']) || 'server_error';
    const status = STATUS[code] ?? (code.startsWith('invalid_') ? 400 : 500);
    const message = textOf(told['message']) || 'The provider gave no reason.';
    return { status, body: { error: { message, type: chatErrorType(status), param: null, code } } };
  },
};

/** Of the codes that a failed response has, those that are nobody's mistake. */
const STATUS: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429,
  vector_store_timeout: 504,
};

/** An error of a stream has fewer words than a whole one, and stands alone. */
function errorEvent({ error }: JsonObject): JsonObject {
  const { code = null, message = '' } = isObject(error) ? error : {};
  return { type: 'error', code, message, param: null, sequence_number: 0 };
}

/** Tools that the provider runs have fees of their own. */
function findUnpriced(body: ResponsesRequest): string | undefined {
  for (const tool of body.tools ?? []) {
    const type = tool?.type;
    if (isHosted(type)) return `tools.${typeof type === 'string' ? type : 'unknown'}`;
  }
  return isPlainTier(body.service_tier) ? undefined : 'service_tier';
}
