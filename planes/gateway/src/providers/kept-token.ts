import type { Dispatcher } from 'undici';

// From then on another is fetched, while this one is still used; the last minute of a life is nobody's.
const RENEW_BEFORE_MS = 300_000;
const UNUSABLE_BEFORE_MS = 60_000;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;

/** What is good for a while. */
export interface Token<Value> {
  readonly value: Value;
  /** Of the clock that `now` tells. */
  readonly expiresAt: number;
}

/**
 * One token is kept and used by all requests, a new one is fetched before it ends, and never twice at the
 * same time. Who waits for a token waits for the same fetch; one that fails is tried again by the next request.
 */
export function keepToken<Value>(
  fetch: () => Promise<Token<Value>>,
  now: () => number,
): () => Value | Promise<Value> {
  let token: Token<Value> | undefined;
  let renewing: Promise<Token<Value>> | undefined;
  const renew = (): Promise<Token<Value>> => {
    renewing ??= fetch()
      .then((made) => (token = made))
      .finally(() => (renewing = undefined));
    return renewing;
  };
  return () => {
    const leftMs = token === undefined ? 0 : token.expiresAt - now();
    if (token === undefined || leftMs <= UNUSABLE_BEFORE_MS)
      return renew().then(({ value }) => value);
    if (leftMs <= RENEW_BEFORE_MS) renew().catch(() => undefined);
    return token.value;
  };
}

export interface Form {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Made of the body, as it is sent. */
  readonly headers?: (body: Buffer) => Readonly<Record<string, string>>;
  /** For errors: whose token it is. */
  readonly whose: string;
}

/** What a token is asked for with, and the answer's text. Its words, which may quote a secret, are told to nobody (M6). */
export async function postForm(
  connections: Pick<Dispatcher, 'request'>,
  { url, fields, headers, whose }: Form,
): Promise<string> {
  const { pathname, search } = new URL(url);
  const body = Buffer.from(new URLSearchParams(fields).toString());
  const answer = await connections.request({
    method: 'POST',
    path: pathname + search,
    headers: { ...FORM, ...headers?.(body) },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer of the token URL has no end');
    pieces.push(piece);
  }
  if (answer.statusCode !== 200)
    throw new Error(`the token URL of ${whose} answered ${answer.statusCode}`);
  return Buffer.concat(pieces).toString();
}

export const FORM_TYPE = 'application/x-www-form-urlencoded';
const FORM = { 'content-type': FORM_TYPE, accept: 'application/json' } as const;
