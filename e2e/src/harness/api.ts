/** An answer as it came, for tests that look at status and shape. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed when it is JSON, else null. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 90_000;

/** One request; every status is an answer. Throws when there is none. */
export async function ask(url: string, request: Request = {}): Promise<Answer> {
  const { body, raw, headers = {} } = request;
  const content = raw ?? (body === undefined ? null : JSON.stringify(body));
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, {
    method: request.method ?? (content === null ? 'GET' : 'POST'),
    headers: { ...(content === null ? {} : { 'content-type': 'application/json' }), ...headers },
    body: content,
    signal: request.signal ? AbortSignal.any([request.signal, limit]) : limit,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** As `ask`, for what must succeed: answers its JSON. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
export async function askWell(url: string, request: Request = {}): Promise<any> {
  const answer = await ask(url, request);
  if (answer.status >= 300) {
    throw new Error(`${url} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  }
  return answer.json;
}

export const bearer = (token: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
});
