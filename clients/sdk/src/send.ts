/** One request as it goes out. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

/** What came back, whole. */
export interface Incoming {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | null;
}

/** What comes back, as it comes. */
export interface Opened {
  readonly status: number;
  readonly header: Incoming['header'];
  /** Ends, or throws, with the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sends one request, once. Follows no redirects; rejects when no whole answer arrived. */
export type Send = (request: Outgoing) => Promise<Incoming>;

/** As `Send`, for answers that are read while they come; rejects when none begins. */
export type Open = (request: Outgoing) => Promise<Opened>;

/** By `fetch`, which every runtime has. */
export const sendByFetch: Send = async ({ url, ...request }) => {
  const response = await fetch(url, { ...request, redirect: 'manual' });
  return {
    status: response.status,
    text: await response.text(),
    header: (name) => response.headers.get(name),
  };
};

export const openByFetch: Open = async ({ url, ...request }) => {
  const response = await fetch(url, { ...request, redirect: 'manual' });
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    body: piecesOf(response.body),
  };
};

/** Not every browser iterates streams. */
async function* piecesOf(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) return;
      yield piece.value;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

export async function readWhole({ status, header, body }: Opened): Promise<Incoming> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  return { status, header, text: text + decoder.decode() };
}
