import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What a client was told, once it has been told all of it. */
export interface Heard {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Null: it was longer than what is kept. */
  readonly body: Buffer | null;
}

/**
 * Hears what is written to a client, while it is written. `headers` are added to the head of a success.
 * The answer's pieces are the provider's buffers: they are copied once, when they are kept.
 */
export function hearReply(
  reply: ServerResponse,
  of: { readonly headers: Readonly<Record<string, string>>; readonly bytesMax: number },
): () => Heard | null {
  let head: Pick<Heard, 'status' | 'headers'> | null = null;
  let pieces: Buffer[] | null = [];
  let bytes = 0;
  let isEnded = false;
  const hear = (chunk: Buffer | string | undefined): void => {
    if (pieces === null || chunk === undefined) return;
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += piece.length;
    if (bytes > of.bytesMax) pieces = null;
    else pieces.push(piece);
  };
  const writeHead = reply.writeHead.bind(reply) as (
    status: number,
    headers: OutgoingHttpHeaders,
  ) => ServerResponse;
  const write = reply.write.bind(reply) as (chunk: Buffer | string) => boolean;
  const end = reply.end.bind(reply) as (chunk?: Buffer | string) => ServerResponse;
  Object.assign(reply, {
    writeHead: (status: number, headers: OutgoingHttpHeaders) => {
      head = { status, headers };
      return writeHead(status, status === 200 ? { ...headers, ...of.headers } : headers);
    },
    write: (chunk: Buffer | string) => {
      hear(chunk);
      return write(chunk);
    },
    end: (chunk?: Buffer | string) => {
      hear(chunk);
      isEnded = true;
      return end(chunk);
    },
  });
  return () =>
    head === null || !isEnded ? null : { ...head, body: pieces && copyOf(pieces, bytes) };
}

function copyOf(pieces: readonly Buffer[], bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const piece of pieces) at += piece.copy(copy, at);
  return copy;
}
