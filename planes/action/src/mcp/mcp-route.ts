import { Fault } from '@sagewai/fault';
import { implementStream, type RequestHead, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import { exchangeMcp } from '@sagewai/wire';

import type { ActionParts } from '../parts.ts';
import { answerRequest } from './answer-request.ts';
import { createCancellations } from './cancellations.ts';
import { readRequest } from './read-request.ts';
import { createReplier } from './replier.ts';

const SESSION_HEADER = 'mcp-session-id';

/** The project's tools, and what else is offered, for any MCP client. */
export function mcpRoute(parts: ActionParts): Route {
  const cancellations = createCancellations();
  return implementStream(exchangeMcp, async ({ body, caller, request, reply }) => {
    demandOwnPage(request);
    const { headers, signal, draining } = request;
    const takesEvents = headers.accept?.includes('text/event-stream') === true;
    const replier = createReplier(reply, { takesEvents });
    const read = readRequest(body, headers);
    const of = { actor: nameActor(caller), session: sessionOf(request) };
    if (read.kind === 'refused') {
      replier.end(read.reply);
      return;
    }
    if (read.kind === 'noted') {
      if (read.cancelled !== null) cancellations.cancel({ ...of, id: read.cancelled });
      replier.end({ status: 202, body: null });
      return;
    }
    const { request: asked, isModern } = read;
    // Only a name that tells ids of clients apart: nothing is kept under it.
    if (asked.method === 'initialize') reply.setHeader(SESSION_HEADER, crypto.randomUUID());
    const underway = cancellations.begin({ ...of, id: asked.id });
    try {
      // Of the later revisions, who closes the connection cancels.
      const cancelled = isModern ? signal : underway.cancelled;
      const exchange = { parts, caller, signal, draining, cancelled, replier };
      replier.end(await answerRequest(exchange, asked, isModern));
    } finally {
      underway.end();
    }
  });
}

/** A page of somebody else's, in a browser that reaches this server, is nobody's client. */
function demandOwnPage({ headers }: RequestHead): void {
  const { origin, host } = headers;
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new Fault('caller.forged', `a page of ${origin} calls`);
}

function sessionOf({ headers }: RequestHead): string | null {
  const session = headers[SESSION_HEADER];
  return typeof session === 'string' && session !== '' ? session : null;
}
