import { isUtf8 } from 'node:buffer';

import { Fault } from '@sagewai/fault';

import { findFields, watch } from '../bytes/find-fields.ts';
import { CHAT } from '../formats/chat.ts';
import { COMPLETIONS } from '../formats/completions.ts';
import { EMBEDDINGS } from '../formats/embeddings.ts';
import type { Format } from '../formats/format.ts';
import { refuseStored } from '../formats/refuse-stored.ts';
import { RESPONSES } from '../formats/responses.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { planRequest } from './plan-request.ts';

/** What the lines of a file may ask for. */
export const BATCH_FORMATS: ReadonlyMap<string, Format> = new Map(
  [CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS].map((format) => [`/v1${format.path}`, format]),
);

const LINES_MAX = 50_000;
const LF = 0x0a;
const LINE = watch(['custom_id', 'method', 'url', 'body']);

interface Line {
  readonly number: number;
  readonly bytes: Buffer;
  readonly body: Record<string, unknown>;
  /** Of the body, in the line. */
  readonly start: number;
  readonly end: number;
}

export interface BatchLines {
  readonly model: string;
  readonly endpoint: string;
  readonly format: Format;
  readonly lines: readonly Line[];
}

/** The requests of a file: all of one path and one model. Throws, and names the line, where one is none. */
export function readBatchLines(file: Buffer): BatchLines {
  const lines: Line[] = [];
  const ids = new Set<string>();
  let endpoint: string | undefined;
  let model: string | undefined;
  for (const [number, bytes] of linesOf(file)) {
    if (lines.length === LINES_MAX)
      throw mistaken(number, `a file has at most ${LINES_MAX} requests`);
    const said = parse(bytes, number);
    const { custom_id: id, method, url, body } = said;
    if (typeof id !== 'string' || id === '') throw mistaken(number, '`custom_id` must be a text');
    if (ids.has(id)) throw mistaken(number, '`custom_id` is there twice');
    if (method !== 'POST') throw mistaken(number, '`method` must be POST');
    if (typeof url !== 'string' || !BATCH_FORMATS.has(url)) {
      throw mistaken(number, `\`url\` must be one of ${[...BATCH_FORMATS.keys()].join(', ')}`);
    }
    if (!isRequest(body, url)) throw mistaken(number, `\`body\` is no request of ${url}`);
    if (url !== (endpoint ??= url)) throw mistaken(number, 'all lines have one `url`');
    if (body['model'] !== (model ??= String(body['model'])))
      throw mistaken(number, 'all lines have one `model`');
    if (body['stream'] === true) throw mistaken(number, '`stream` is not for batches');
    const found = findFields(bytes, 0, LINE);
    const span = found.kind === 'found' ? found.spans.get('body') : undefined;
    if (span === undefined) throw mistaken(number, 'a field is there twice, or spelt otherwise');
    ids.add(id);
    lines.push({ number, bytes, body, start: span.start, end: span.end });
  }
  const format = BATCH_FORMATS.get(endpoint ?? '');
  if (endpoint === undefined || model === undefined || format === undefined)
    throw mistaken(1, 'the file has no requests');
  return { model, endpoint, format, lines };
}

export interface PlannedBatch {
  /** As the provider gets it: with its own name of the model, and caps that hold the bound. */
  readonly file: Buffer;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
}

/** `group` has the one deployment that answers. Throws for what has no known price or bound (B1). */
export function planBatch({ format, lines }: BatchLines, group: ModelGroup): PlannedBatch {
  const pieces: Buffer[] = [];
  let inputTokensMax = 0;
  let outputTokensMax = 0;
  for (const { number, bytes, body, start, end } of lines) {
    if (format === RESPONSES) refuseStored(body);
    const request = {
      raw: bytes.subarray(start, end),
      body,
      mistaken: (what: string) => mistaken(number, what),
    };
    const planned = planRequest(request, { format, group });
    inputTokensMax += planned.inputTokensMax;
    outputTokensMax += planned.outputTokensMax;
    pieces.push(bytes.subarray(0, start), planned.sent, bytes.subarray(end), Buffer.from('\n'));
  }
  return { file: Buffer.concat(pieces), inputTokensMax, outputTokensMax };
}

function* linesOf(file: Buffer): Generator<readonly [number, Buffer]> {
  let start = 0;
  for (let number = 1; start < file.length; number++) {
    const found = file.indexOf(LF, start);
    const end = found === -1 ? file.length : found;
    const line = file.subarray(start, end);
    if (line.toString().trim() !== '') yield [number, line];
    start = end + 1;
  }
}

function parse(bytes: Buffer, number: number): Record<string, unknown> {
  // Otherwise what is read here, and what its provider reads, would be two texts.
  if (!isUtf8(bytes)) throw mistaken(number, 'it is not UTF-8');
  try {
    const said: unknown = JSON.parse(bytes.toString());
    if (typeof said === 'object' && said !== null && !Array.isArray(said))
      return said as Record<string, unknown>;
  } catch {
    // Named below.
  }
  throw mistaken(number, 'it is no JSON object');
}

/** What its format needs to read it; the provider checks the rest. */
function isRequest(body: unknown, url: string): body is Record<string, unknown> {
  if (typeof body !== 'object' || body === null) return false;
  const { model, messages, input, prompt } = body as Record<string, unknown>;
  if (typeof model !== 'string' || model === '') return false;
  const isText = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
  switch (url) {
    case '/v1/chat/completions':
      return Array.isArray(messages);
    case '/v1/responses':
      return input === undefined || isText(input);
    case '/v1/completions':
      return isText(prompt);
    default:
      return isText(input);
  }
}

function mistaken(number: number, what: string): Fault {
  return new Fault('request.invalid', 'a line of a batch is refused', {
    detail: `body/file line ${number}: ${what}`,
    mistakes: [{ part: 'body', path: '/file', message: `line ${number}: ${what}` }],
  });
}
