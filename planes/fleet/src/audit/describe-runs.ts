import type { Tx } from '@sagewai/postgres';
import { eventOf, type TrustEvent } from '@sagewai/trust';
import type { ChainEntry, OrganizationId } from '@sagewai/wire';

import { readEnds, readEndsBetween, readProjects, type RunEnd } from './run-event-facts.sql.ts';

/** Entries whose runs may have ended. */
const MAY_END: ReadonlySet<string> = new Set([
  'run.reported',
  'run.taken_back',
  'run.expired',
  'run.rerouted',
  'run.waiting',
  'run.wait_ended',
  'run.cancelled',
  'run.cancelled_below',
  'runs.cancelRun',
  'fleet.cancelTask',
]);

/**
 * What entries of the log say of runs, told with the state that each has: a run that ended is told so once, whichever
 * entries name it; one that began to wait is told so for each time.
 */
export async function describeRuns(
  tx: Tx,
  orgId: OrganizationId,
  entries: readonly ChainEntry[],
): Promise<TrustEvent[]> {
  const events: TrustEvent[] = [];
  for (const entry of entries.filter(({ action }) => MAY_END.has(action))) {
    const named = namedBy(entry);
    const ids = named.kind === 'ids' ? named.ids : [];
    if (entry.action === 'run.waiting') {
      for (const { runId, projectId } of await readProjects(tx, ids)) {
        events.push(
          eventOf(entry, {
            type: 'run.waiting',
            messageId: `evt_${runId}_${entry.seq}_waiting`,
            projectId,
            data: { run_id: runId, state: 'waiting' },
          }),
        );
      }
    }
    const ends =
      named.kind === 'ids'
        ? await readEnds(tx, ids)
        : await readEndsBetween(tx, { orgId, at: entry.at, ...named });
    events.push(...ends.map((end) => endOf(entry, end)));
  }
  return events;
}

const endOf = (entry: ChainEntry, { runId, projectId, status }: RunEnd): TrustEvent =>
  eventOf(entry, {
    type: `run.${status}`,
    messageId: `evt_${runId}_${status}`,
    projectId,
    data: { run_id: runId, state: status },
  });

type Named =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'between'; readonly first: string; readonly last: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function namedBy({ subject, details }: ChainEntry): Named {
  const [, id = ''] = /^run:(.+)$/.exec(subject) ?? [];
  if (UUID.test(id)) return { kind: 'ids', ids: [id] };
  const said = JSON.parse(details) as { readonly [Name in 'ids' | 'first' | 'last']?: unknown };
  const { first, last } = said;
  if (
    typeof first === 'string' &&
    typeof last === 'string' &&
    UUID.test(first) &&
    UUID.test(last)
  ) {
    return { kind: 'between', first, last };
  }
  const ids = typeof said.ids === 'string' ? said.ids.split(' ') : [];
  return { kind: 'ids', ids: ids.filter((each) => UUID.test(each)) };
}
