import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import type { SaidEvent } from '../events/run-event.ts';
import type { ContentKeys } from './content-keys.ts';
import { openContents } from './open-contents.ts';

interface OfRun {
  readonly orgId: OrganizationId;
  readonly runId: RunId;
}

/** What a run says, as it is stored (E1). */
export async function sealEvents(
  keys: ContentKeys,
  { orgId, runId }: OfRun,
  events: readonly SaidEvent[],
): Promise<readonly SaidEvent[]> {
  if (!(await keys.encrypts(orgId))) return events;
  const projectId = await keys.projectOf(orgId, runId);
  const sealer = projectId === null ? null : await keys.sealer(orgId, projectId);
  // Of no run that there is: nothing of it is stored.
  if (sealer === null) return events.map((event) => ({ ...event, text: null, data: null }));
  return events.map((event) => ({
    ...event,
    text: event.text === null ? null : sealer.encrypt(runId, event.text),
    data: event.data === null ? null : JSON.stringify(sealer.encrypt(runId, event.data)),
  }));
}

/** The same events as their readers see them. */
export async function openEvents<Event extends { text: string | null; data: unknown }>(
  keys: ContentKeys,
  { orgId, runId, tx }: OfRun & { readonly tx: Executor },
  events: readonly Event[],
): Promise<Event[]> {
  const rows = events.map(({ text, data }) => ({ runId, error: text, output: data }));
  const opened = await openContents(keys, { orgId, tx }, rows);
  return events.map((event, at) => ({
    ...event,
    text: opened[at]?.error ?? null,
    data: opened[at]?.output ?? null,
  }));
}
