import type { OrganizationId, ProjectId, RunId, TriggeredRun } from '@sagewai/wire';

export interface TriggerRow {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly kind: 'webhook' | 'poller' | 'cron';
  readonly enabled: boolean;
  readonly options: unknown;
  /** JsonLogic; null: everything passes. */
  readonly filter: unknown;
  readonly run: TriggeredRun;
  readonly path: string | null;
  readonly scheduleId: string | null;
  readonly secretSealed: string | null;
  /** Null once it is good no more. */
  readonly previousSealed: string | null;
  readonly previousUntil: Date | null;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** What a filter and a template read from. */
export interface Delivered {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly trigger: { readonly id: string; readonly name: string };
  readonly delivery: { readonly key: string; readonly at: string };
}

export type FiringHow = 'started' | 'filtered' | 'refused' | 'skipped';

export interface FiringRow {
  readonly id: string;
  readonly deliveryKey: string;
  readonly how: FiringHow;
  readonly runId: RunId | null;
  readonly error: string | null;
  readonly repeats: number;
  readonly firedAt: Date;
}

/** Who submits the runs of a trigger. */
export const actorOf = (id: string): string => `trigger:${id}`;

/** What its secret is sealed for. */
export const secretContext = (id: string): string => `run-trigger/${id}`;
