import { Fault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import {
  type EventsPage,
  implementOwn,
  implementStream,
  type Route,
  type ServerEvent,
  streamEvents,
} from '@sagewai/http';
import { readTimeline, type RunId, streamTimeline } from '@sagewai/wire';

import type { DecisionParts } from './parts.ts';
import { advance, formatCursor, parseCursor, type TimelineCursor } from './timeline-cursor.ts';
import { lookAtTimeline, type TimelineLook } from './timeline-look.ts';
import { toNode } from './timeline-node.ts';

const NODES_PER_PAGE = 200;
const END = '-end';

/** Steps and calls of a run in one list; who waits is told as soon as there is more. */
export function timelineRoutes(parts: DecisionParts): Route[] {
  const { clock, settings, watch } = parts;
  return [
    implementOwn(readTimeline, async ({ params, query, caller, request }) => {
      const runId = params.run_id.toLowerCase() as RunId;
      const from = parseCursor(query.cursor);
      const of = { runId, caller, limit: query.limit ?? NODES_PER_PAGE };
      const signal = AbortSignal.any([request.signal, request.draining]);
      const untilMs = clock.monotonicMs() + (query.wait_ms ?? 0);
      for (;;) {
        const seen = await lookAtTimeline(parts, of, from);
        const waitMs = untilMs - clock.monotonicMs();
        if (seen.nodes.length > 0 || seen.isEnd || waitMs <= 0 || signal.aborted) {
          return {
            nodes: seen.nodes.map((node) => toNode(node, runId)),
            next: formatCursor(seen.next),
            is_end: seen.isEnd,
            ...seen.summary,
          };
        }
        const orgId = demandOrganization(caller);
        await watch.wait({ orgId, runId, known: seen.mark, waitMs, signal });
      }
    }),

    implementStream(streamTimeline, async ({ params, query, caller, request, reply }) => {
      const runId = params.run_id.toLowerCase() as RunId;
      const of = { runId, caller, limit: NODES_PER_PAGE };
      const last = readLastId(request.headers['last-event-id']);
      const from = last?.cursor ?? parseCursor(query.cursor);
      // Who may not read it, or has read it all, is answered as usual.
      let seen = await lookAtTimeline(parts, of, from);
      const isOver = last?.isEnd === true && seen.isEnd;
      const tell = createTeller(runId, from);
      await streamEvents(reply, {
        first: tell(seen),
        isOver,
        signal: AbortSignal.any([request.signal, request.draining]),
        keepAliveMs: settings.streamKeepAliveMs,
        endsAfterMs: settings.streamMs,
        monotonicMs: () => clock.monotonicMs(),
        look: async () => {
          seen = await lookAtTimeline(parts, of, seen.next);
          return tell(seen);
        },
        wait: (waitMs, signal) => {
          const orgId = demandOrganization(caller);
          return watch.wait({ orgId, runId, known: seen.mark, waitMs, signal });
        },
      });
    }),
  ];
}

/** Each node once, what the run is at whenever that has changed, and the end. */
function createTeller(runId: RunId, from: TimelineCursor): (seen: TimelineLook) => EventsPage {
  let cursor = from;
  let told = '';
  return ({ nodes, summary, isEnd }) => {
    const events: ServerEvent[] = nodes.map((node) => {
      cursor = advance(cursor, node);
      return { id: formatCursor(cursor), event: 'node', data: toNode(node, runId) };
    });
    const id = formatCursor(cursor);
    const said = JSON.stringify(summary);
    const isNew = said !== told;
    told = said;
    if (isEnd) events.push({ id: `${id}${END}`, event: 'end', data: summary });
    else if (isNew) events.push({ id, event: 'state', data: summary });
    return { events, isEnd };
  };
}

function readLastId(
  header: string | string[] | undefined,
): { readonly cursor: TimelineCursor; readonly isEnd: boolean } | null {
  if (header === undefined || header === '') return null;
  if (typeof header !== 'string') {
    throw new Fault('request.invalid', 'a last event id that is repeated', {
      detail: 'The header Last-Event-ID stands more than once.',
    });
  }
  const isEnd = header.endsWith(END);
  return { cursor: parseCursor(isEnd ? header.slice(0, -END.length) : header), isEnd };
}
