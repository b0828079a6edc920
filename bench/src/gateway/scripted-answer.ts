import { createMessageReader } from '../common/read-messages.ts';

/** What the upstream answers, and by which marks the generator knows it again in full. */
export type Kind = 'json' | 'sse';

export const KINDS: readonly Kind[] = ['json', 'sse'];
export const MODEL = 'bench-model';
export const PIECES = 20;
export const DONE = 'data: [DONE]';
/** In a request: its stream is to take a second, as a model's does, and not to come at once. */
export const SLOWLY = 'Take your time.';
export const SLOW_PIECE_MS = 50;

const WORDS = 'The ledger closes when every leased share has been settled or booked as unknown. ';
const USAGE = { prompt_tokens: 118, completion_tokens: 240, total_tokens: 358 };
const HEAD = { id: 'chatcmpl-bench0001', created: 1_790_000_000, model: MODEL };
const LAST_WORDS = 'end-of-answer';

/** A chat completion of about 1.6 kB. */
export const JSON_ANSWER = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  system_fingerprint: 'fp_bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: WORDS.repeat(15) + LAST_WORDS, refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: USAGE,
});

/** Twenty pieces, the usage, and the end, each an event of its own. */
export const SSE_EVENTS: readonly string[] = [
  ...Array.from({ length: PIECES }, (_, index) => event(pieceAt(index))),
  event({ ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE }),
  `${DONE}\n\n`,
];

/** A request of about 0.7 kB, as a chat client sends it. */
export function requestBody(kind: Kind, isSlow = false): string {
  return JSON.stringify({
    model: MODEL,
    messages: [
      { role: 'system', content: 'You answer in one paragraph and name what you do not know.' },
      { role: 'user', content: WORDS.repeat(5) + (isSlow ? SLOWLY : '') },
    ],
    temperature: 0.2,
    max_tokens: 256,
    ...(kind === 'sse' && { stream: true, stream_options: { include_usage: true } }),
  });
}

/** One answer in so many is taken apart by the rules of its framing; of the others the marks are looked for. */
const FRAMING_EVERY = 16;
let judged = 0;

/** Null when the answer, with its head, is whole; else what is wrong with it. */
export function mistakeIn(kind: Kind, answer: Buffer): string | null {
  const status = answer.toString('latin1', STATUS_AT, STATUS_AT + 3);
  if (status !== '200') return `status ${status}`;
  judged += 1;
  if (kind === 'json') return mistakeInJson(bodyOf(answer));
  const wrong = mistakeInStream(answer);
  // A gateway may cut the pieces anew, through a mark: then only the body tells.
  return wrong === null && judged % FRAMING_EVERY !== 0 ? null : mistakeInStream(bodyOf(answer));
}

const STATUS_AT = 'HTTP/1.1 '.length;

function bodyOf(answer: Buffer): Buffer {
  let body: Buffer = Buffer.alloc(0);
  createMessageReader((message) => {
    body = message.body;
  })(answer);
  return body;
}

function mistakeInJson(body: Buffer): string | null {
  try {
    const { choices, usage } = JSON.parse(body.toString()) as Partial<Completion>;
    if (usage?.total_tokens !== USAGE.total_tokens) return 'no usage';
    return choices?.[0]?.message?.content?.endsWith(LAST_WORDS) === true ? null : 'another answer';
  } catch {
    return 'cut off';
  }
}

const DONE_MARK = Buffer.from(DONE);
const PIECE_MARK = Buffer.from('"content":"piece-');
const USAGE_MARK = Buffer.from(`"total_tokens":${USAGE.total_tokens}`);
/** The framing may follow the last event. */
const END_BYTES = DONE.length + 4 + '\r\n0\r\n\r\n'.length;

/** Unparsed: twenty-two events an answer would cost the generator more than the gateway. */
function mistakeInStream(bytes: Buffer): string | null {
  if (!bytes.subarray(-END_BYTES).includes(DONE_MARK)) return 'no [DONE] at its end';
  if (!bytes.includes(USAGE_MARK)) return 'no usage';
  return occurrences(bytes, PIECE_MARK) === PIECES ? null : 'pieces are missing';
}

interface Completion {
  readonly choices: { readonly message?: { readonly content?: string } }[];
  readonly usage: { readonly total_tokens?: number };
}

function occurrences(body: Buffer, mark: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) count += 1;
  return count;
}

function pieceAt(index: number): object {
  const content = `piece-${String(index).padStart(2, '0')} of it `;
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: null };
  return { ...HEAD, object: 'chat.completion.chunk', choices: [choice] };
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
