import type { ServerResponse } from 'node:http';

import type { McpReply } from './message.ts';

const QUIET_MS = 10_000;

/** An answer of MCP: one message, or events before it for a client that takes them. */
export interface Replier {
  /** Only to a client that takes events, and not to one that does not read them. */
  notify(method: string, params: object): void;
  end(answer: McpReply): void;
}

/** `keepsAlive` while the answer is long in coming: what stands between closes a connection that is silent. */
export function createReplier(
  reply: ServerResponse,
  { takesEvents, quietMs = QUIET_MS }: { readonly takesEvents: boolean; readonly quietMs?: number },
): Replier & { keepAlive(): void } {
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    if (reply.headersSent) return;
    reply.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
  };
  const isRead = (): boolean => !reply.destroyed && !reply.writableNeedDrain;
  const frame = (message: object): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
  return {
    keepAlive: () => {
      if (!takesEvents || timer !== undefined) return;
      timer = setInterval(() => {
        begin();
        if (isRead()) reply.write(':\n\n');
      }, quietMs);
      timer.unref();
    },
    notify: (method, params) => {
      if (!takesEvents || !isRead()) return;
      begin();
      reply.write(frame({ jsonrpc: '2.0', method, params }));
    },
    end: ({ status, body }) => {
      clearInterval(timer);
      if (reply.headersSent) {
        reply.end(body === null ? '' : frame(body));
        return;
      }
      reply.statusCode = status;
      if (body === null) {
        reply.end();
        return;
      }
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify(body));
    },
  };
}
