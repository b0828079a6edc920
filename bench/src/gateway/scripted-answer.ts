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

/** Null when the answer is whole; else what is wrong with it. */
export function mistakeIn(kind: Kind, status: number, body: Buffer): string | null {
  if (status !== 200) return `status ${status}`;
  return kind === 'json' ? mistakeInJson(body) : mistakeInStream(body);
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

/** Unparsed: twenty-two events an answer would cost the generator more than the gateway. */
function mistakeInStream(body: Buffer): string | null {
  if (!body.subarray(-DONE.length - 4).includes(DONE_MARK)) return 'no [DONE] at its end';
  if (!body.includes(USAGE_MARK)) return 'no usage';
  return occurrences(body, PIECE_MARK) === PIECES ? null : 'pieces are missing';
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
