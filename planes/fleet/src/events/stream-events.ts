import type { ServerResponse } from 'node:http';

import { SAFETY_HEADERS } from '@sagewai/http';

import { toEvent } from '../runs/to-wire.ts';
import { type EventHead, isEnd, type RunEvent } from './run-event.ts';

export interface StreamCursor {
  /** The last that was received. */
  readonly after: bigint;
  /** The end was received too. */
  readonly isOver: boolean;
}

interface Look {
  readonly head: EventHead;
  readonly events: readonly RunEvent[];
}

export interface EventStreamOptions {
  readonly first: Look;
  readonly cursor: StreamCursor;
  /** The caller has left, or the server drains: it comes back with its cursor. */
  readonly signal: AbortSignal;
  readonly keepAliveMs: number;
  /** Whoever stays longer comes back, and is asked again who it is. */
  readonly endsAfterMs: number;
  readonly monotonicMs: () => number;
  readonly look: (after: bigint) => Promise<Look>;
  readonly wait: (head: EventHead, waitMs: number, signal: AbortSignal) => Promise<void>;
}

/** How soon a client comes back that lost its connection. */
const RETRY_MS = 1_000;

/**
 * Server-sent events from a cursor to the end of the run. A stream that ends without `end` is not over:
 * the client repeats the request with `Last-Event-ID`, at any replica.
 */
export async function streamEvents(
  reply: ServerResponse,
  { first, cursor, signal, ...options }: EventStreamOptions,
): Promise<void> {
  if (cursor.isOver && isEnd(first.head.state)) {
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
  let { after } = cursor;
  for (let seen = first; ; seen = await options.look(after)) {
    after = seen.events.at(-1)?.seq ?? after;
    await write(reply, seen.events.map(toFrame).join(''), signal);
    if (signal.aborted) break;
    if (seen.events.length > 0) continue;
    if (isEnd(seen.head.state)) {
      await write(reply, toEndFrame(after, seen.head), signal);
      break;
    }
    const leftMs = untilMs - options.monotonicMs();
    if (leftMs <= 0) break;
    const marked = { ...seen.head, seq: after > seen.head.seq ? after : seen.head.seq };
    await options.wait(marked, Math.min(options.keepAliveMs, leftMs), signal);
    await write(reply, ':\n\n', signal);
  }
  reply.end();
}

function toFrame(event: RunEvent): string {
  return `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(toEvent(event))}\n\n`;
}

function toEndFrame(after: bigint, { state, leftOut }: EventHead): string {
  const data = JSON.stringify({ state, left_out: leftOut });
  return `id: ${after}-end\nevent: end\ndata: ${data}\n\n`;
}

/** Waits while the client reads slower than the run speaks. */
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
