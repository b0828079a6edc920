import { Fault } from '@sagewai/fault';
import {
  type Caller,
  type EventsPage,
  found,
  implementOwn,
  implementStream,
  type Route,
  streamEvents,
} from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import {
  appendRunEvents,
  type BodyOf,
  EVENT_DATA_BYTES_MAX,
  listRunEvents,
  type OrganizationId,
  type RunId,
  streamRunEvents,
} from '@sagewai/wire';

import { staleLease } from '../dispatch/stale-lease.ts';
import { demandOrganization } from '../identity/calling-person.ts';
import { demandWorker } from '../identity/calling-worker.ts';
import type { FleetParts } from '../parts.ts';
import { encodeContent } from '../runs/encode-content.ts';
import { findRunState } from '../runs/runs.sql.ts';
import { toEvent } from '../runs/to-wire.ts';
import { openEvents, sealEvents } from '../secrecy/event-contents.ts';
import { type EventHead, isEnd, type RunEvent, type SaidEvent } from './run-event.ts';
import { readEvents, readHeads } from './run-events.sql.ts';

const EVENTS_PER_PAGE = 200;

/** What runs say: from the worker that has them, to whoever watches. */
export function runEventRoutes(parts: FleetParts): Route[] {
  const { eventLog, eventWatch, heartbeats, settings, contentKeys } = parts;
  return [
    implementOwn(appendRunEvents, async ({ params, body, caller }) => {
      const worker = demandWorker(caller, 'report');
      heartbeats.sign(worker);
      const runId = params.run_id.toLowerCase() as RunId;
      const { orgId } = worker.record.capabilities;
      const appended = await eventLog.append({
        runId,
        orgId,
        workerNum: worker.record.num,
        sessionEpoch: worker.sessionEpoch,
        epoch: BigInt(body.epoch),
        first: BigInt(body.first),
        events: await sealEvents(contentKeys, { orgId, runId }, body.events.map(toSaid)),
      });
      if (appended.how === 'lost') throw staleLease(runId); // F1
      return { kept: appended.kept, left_out: appended.leftOut, next: Number(appended.next) };
    }),

    implementOwn(listRunEvents, async ({ params, query, caller, request }) => {
      const of = demandRead(caller, params.run_id);
      const after = BigInt(query.after ?? 0);
      const limit = query.limit ?? EVENTS_PER_PAGE;
      let page = await lookAt(parts, of, { after, limit });
      const waitMs = query.wait_ms ?? 0;
      if (waitMs > 0 && page.events.length === 0 && !isEnd(page.head.state)) {
        const signal = AbortSignal.any([request.signal, request.draining]);
        await eventWatch.wait({ ...of, known: markOf(page.head), waitMs, signal });
        page = await lookAt(parts, of, { after, limit });
      }
      const { head, events } = page;
      return {
        events: events.map(toEvent),
        next: Number(events.at(-1)?.seq ?? after),
        state: head.state,
        is_end: isEnd(head.state) && events.length < limit,
        left_out: head.leftOut,
      };
    }),

    implementStream(streamRunEvents, async ({ params, query, caller, request, reply }) => {
      const of = demandRead(caller, params.run_id);
      const cursor = cursorOf(request.headers['last-event-id'], query.after);
      // Who may not read it, or has read it all, is answered as usual.
      let seen = await lookAt(parts, of, { after: cursor.after, limit: EVENTS_PER_PAGE });
      let after = cursor.after;
      const tell = (): EventsPage => {
        after = seen.events.at(-1)?.seq ?? after;
        return toPage(seen, after);
      };
      await streamEvents(reply, {
        first: tell(),
        isOver: cursor.isOver && isEnd(seen.head.state),
        signal: AbortSignal.any([request.signal, request.draining]),
        keepAliveMs: settings.eventKeepAliveMs,
        endsAfterMs: settings.eventStreamMs,
        monotonicMs: () => parts.clock.monotonicMs(),
        look: async () => {
          seen = await lookAt(parts, of, { after, limit: EVENTS_PER_PAGE });
          return tell();
        },
        wait: (waitMs, signal) => {
          const { head } = seen;
          const marked = { ...head, seq: after > head.seq ? after : head.seq };
          return eventWatch.wait({ ...of, known: markOf(marked), waitMs, signal });
        },
      });
    }),
  ];
}

/** The end is told when nothing came before it in the same look. */
function toPage({ head, events }: Look, after: bigint): EventsPage {
  const told = events.map((event) => ({
    id: String(event.seq),
    event: event.kind,
    data: toEvent(event),
  }));
  if (told.length > 0 || !isEnd(head.state)) return { events: told, isEnd: false };
  const data = { state: head.state, left_out: head.leftOut };
  return { events: [{ id: `${after}-end`, event: 'end', data }], isEnd: true };
}

interface Look {
  readonly head: EventHead;
  readonly events: readonly RunEvent[];
}

interface StreamCursor {
  /** The last that was received. */
  readonly after: bigint;
  /** The end was received too. */
  readonly isOver: boolean;
}

interface Readable {
  readonly orgId: OrganizationId;
  readonly runId: RunId;
  readonly caller: Caller;
}

function demandRead(caller: Caller, runId: string): Readable {
  return { orgId: demandOrganization(caller), runId: runId as RunId, caller };
}

/** The state is read first: what is said before the outcome is committed before it (N1). */
async function lookAt(
  { db, contentKeys }: FleetParts,
  { orgId, runId, caller }: Readable,
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<Look> {
  return inTenant(db, [orgId], async (tx) => {
    const run = await findRunState(tx, runId);
    const bound = boundProject(caller);
    const { state } = found(
      bound === null || run?.projectId === bound ? run : null,
      'There is no such run.',
    );
    const [head] = await readHeads(tx, [runId]);
    const stored = await readEvents(tx, { runId, after, limit });
    const events = await openEvents(contentKeys, { orgId, runId, tx }, stored);
    const seq = head?.seq ?? 0n;
    return { head: { state, seq, leftOut: Number(head?.leftOut ?? 0n) }, events };
  });
}

/** As `readMarks` writes it. */
function markOf({ seq, state }: EventHead): string {
  return isEnd(state) ? `${seq} end` : String(seq);
}

function cursorOf(header: string | string[] | undefined, after: number | undefined): StreamCursor {
  if (typeof header !== 'string' || header === '') {
    return { after: BigInt(after ?? 0), isOver: false };
  }
  const parts = /^(\d{1,16})(-end)?$/.exec(header);
  if (parts?.[1] === undefined) {
    throw new Fault('request.invalid', 'the last event id is none of ours', {
      detail: 'The header Last-Event-ID is not the id of an event.',
    });
  }
  return { after: BigInt(parts[1]), isOver: parts[2] !== undefined };
}

function toSaid(said: BodyOf<typeof appendRunEvents>['events'][number]): SaidEvent {
  const { kind, data } = said;
  return {
    kind,
    level: kind === 'log' ? (said.level ?? 'info') : null,
    text: said.text ?? null,
    fraction: said.fraction ?? null,
    data:
      data === undefined || data === null
        ? null
        : encodeContent(data, 'event', EVENT_DATA_BYTES_MAX),
  };
}
