import type { ServerResponse } from 'node:http';

import { SAFETY_HEADERS } from './send.ts';

export interface ServerEvent {
  /** What a client goes on from: it comes back as `Last-Event-ID`. */
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export interface EventsPage {
  readonly events: readonly ServerEvent[];
  /** Nothing comes after these. */
  readonly isEnd: boolean;
}

export interface EventStreamOptions {
  readonly first: EventsPage;
  /** The client has received the end already. */
  readonly isOver: boolean;
  /** The caller has left, or the server drains: it comes back with its last id. */
  readonly signal: AbortSignal;
  readonly keepAliveMs: number;
  /** Whoever stays longer comes back, and is asked again who it is. */
  readonly endsAfterMs: number;
  readonly monotonicMs: () => number;
  /** What comes after the page before. */
  readonly look: () => Promise<EventsPage>;
  /** Until there may be more. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

/** How soon a client comes back that lost its connection. */
const RETRY_MS = 1_000;

/**
 * Server-sent events to the end of what is told. A stream that ends without the last event is not over:
 * the client repeats the request with `Last-Event-ID`, at any replica.
 */
export async function streamEvents(
  reply: ServerResponse,
  { first, isOver, signal, ...options }: EventStreamOptions,
): Promise<void> {
  if (isOver) {
    // What tells a browser not to come back.
    reply.writeHead(204, SAFETY_HEADERS).end();
    return;
  }
  const untilMs = options.monotonicMs() + options.endsAfterMs;
  reply.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
    ...(signal.aborted ? { connection: 'close' } : {}),
  });
  await write(reply, `retry: ${RETRY_MS}\n\n`, signal);
  for (let page = first; ; page = await options.look()) {
    await write(reply, page.events.map(toFrame).join(''), signal);
    if (signal.aborted || page.isEnd) break;
    // Also where there is always more: a token that was revoked meanwhile reads no further.
    const leftMs = untilMs - options.monotonicMs();
    if (leftMs <= 0) break;
    if (page.events.length > 0) continue;
    await options.wait(Math.min(options.keepAliveMs, leftMs), signal);
    await write(reply, ':\n\n', signal);
  }
  reply.end();
}

function toFrame({ id, event, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Waits while the client reads slower than there is more. */
async function write(reply: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (text === '' || reply.destroyed || reply.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      reply.off('drain', go);
      reply.off('close', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    reply.once('drain', go);
    reply.once('close', go);
    signal.addEventListener('abort', go, { once: true });
  });
}
