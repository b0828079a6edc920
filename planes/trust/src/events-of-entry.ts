import { type ChainEntry, EVENT_VERSION, NAMED_EVENTS, type ProjectId } from '@sagewai/wire';

/** Something that webhooks may be told. */
export interface TrustEvent {
  readonly type: string;
  /** The same whenever it is read (T10). */
  readonly messageId: string;
  /** Null: of the organization. */
  readonly projectId: ProjectId | null;
  readonly body: string;
}

interface Told {
  readonly type: string;
  readonly messageId: string;
  readonly projectId: ProjectId | null;
  readonly data: Readonly<Record<string, string | number>>;
}

/** As it is signed and sent: thin, of one version, and with the number of its entry to order by. */
export function eventOf(entry: ChainEntry, told: Told): TrustEvent {
  const { type, messageId, projectId, data } = told;
  const body = JSON.stringify({
    type,
    version: EVENT_VERSION,
    timestamp: entry.at,
    organization_id: entry.organization_id,
    project_id: projectId,
    sequence: entry.seq,
    data,
  });
  return { type, messageId, projectId, body };
}

/** What an entry of the log is told as: itself, and the name that its operation has. */
export function eventsOfEntry(entry: ChainEntry): TrustEvent[] {
  const { seq, action, actor, subject, outcome } = entry;
  const named = (NAMED_EVENTS as Readonly<Record<string, string>>)[action];
  const types = [`audit.${action}`, ...(named !== undefined && outcome === 'ok' ? [named] : [])];
  return types.map((type) =>
    eventOf(entry, {
      type,
      messageId: `evt_${entry.organization_id}_${seq}_${type}`,
      projectId: null,
      data: { seq, action, actor, subject, outcome },
    }),
  );
}
