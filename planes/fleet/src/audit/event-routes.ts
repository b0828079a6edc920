import { Fault } from '@sagewai/fault';
import { implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { readEntries } from '@sagewai/trust';
import {
  type ChainEntry,
  FLEET_EVENT_TYPES,
  type FleetEventType,
  listFleetEvents,
  type OrganizationId,
  type WorkerId,
} from '@sagewai/wire';

import { nameWorkers, numberOfWorker } from '../workers/worker-names.sql.ts';
import { ACTIONS_OF, BATCH_ACTIONS, eventsOf, type FleetEvent } from './fleet-event.ts';

const PER_PAGE = 100;
/** So many entries are looked at for one answer; where a filter finds little, `next_cursor` goes on. */
const ENTRIES_MAX = 1_000;

/** The log, as those who run a fleet read it. */
export function eventRoutes(): Route[] {
  return [
    implement(listFleetEvents, async ({ tx, orgId, query }) => {
      const types = typesOf(query.event_type);
      const limit = query.limit ?? PER_PAGE;
      const workerId = query.worker_id as WorkerId | undefined;
      const after = readCursor(query.cursor);
      const entries = await read(tx, { orgId, types, workerId, after, query });
      const num = workerId === undefined ? null : await numberOfWorker(tx, workerId);
      const isAsked = ({ type, worker }: FleetEvent): boolean =>
        types.includes(type) && (workerId === undefined || worker === workerId || worker === num);
      const found = entries
        .flatMap((entry) => eventsOf(entry))
        .filter(isAsked)
        .filter(({ seq, index }) => after === null || seq < after.seq || index > after.index);
      const events = found.slice(0, limit);
      const names = await nameWorkers(
        tx,
        events.flatMap(({ worker }) => (typeof worker === 'number' ? [worker] : [])),
      );
      return {
        events: events.map((event) => toWire(event, names)),
        total: events.length,
        next_cursor: nextCursor(events, found.length > limit, entries),
      };
    }),
  ];
}

interface Cursor {
  readonly seq: number;
  readonly index: number;
}

function typesOf(asked: string | undefined): readonly FleetEventType[] {
  if (asked === undefined) return FLEET_EVENT_TYPES;
  const type = FLEET_EVENT_TYPES.find((each) => each === asked);
  if (type !== undefined) return [type];
  throw new Fault('request.invalid', `there is no event type ${asked}`, {
    detail: `There is no such event type. There are: ${FLEET_EVENT_TYPES.join(', ')}.`,
  });
}

function readCursor(text: string | undefined): Cursor | null {
  const [seq, index] = (text ?? '').split('.').map(Number);
  return seq === undefined || index === undefined ? null : { seq, index };
}

function read(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly types: readonly FleetEventType[];
    readonly workerId: WorkerId | undefined;
    readonly after: Cursor | null;
    readonly query: { readonly since?: string; readonly until?: string };
  },
): Promise<ChainEntry[]> {
  const { orgId, types, workerId, after, query } = of;
  return readEntries(tx, {
    orgId,
    actions: types.flatMap((type) => ACTIONS_OF[type]),
    about:
      workerId === undefined
        ? undefined
        : { subject: `worker:${workerId}`, orActions: BATCH_ACTIONS },
    outcome: 'ok',
    since: query.since,
    until: query.until,
    order: 'newest',
    // The entry of the cursor may have more events.
    cursor: after === null ? undefined : String(after.seq + 1),
    limit: ENTRIES_MAX,
  });
}

/** After the last event that was told; or after the last entry that was looked at. */
function nextCursor(
  events: readonly FleetEvent[],
  isCut: boolean,
  entries: readonly ChainEntry[],
): string | null {
  const last = events.at(-1);
  if (isCut && last !== undefined) return `${last.seq}.${last.index}`;
  const entry = entries.at(-1);
  return entries.length < ENTRIES_MAX || entry === undefined ? null : `${entry.seq}.999999`;
}

function toWire(event: FleetEvent, names: ReadonlyMap<number, WorkerId>) {
  const { seq, index, type, worker, subject, actor, details, at } = event;
  return {
    id: `${seq}.${index}`,
    event_type: type,
    worker_id: typeof worker === 'number' ? (names.get(worker) ?? null) : worker,
    subject,
    actor,
    details,
    created_at: at,
    seq,
  };
}
