/**
 * What workers do that they should not.
 *
 * - A1. A claim is a poll that asks for work *in vain*. A poll that was given runs is explained by them; a
 *   repeated poll counts once, one that its worker gave up not at all. So a worker that works is never too
 *   fast. Runs that it holds beyond what it takes at once count as well: those it hoards.
 * - A2. Counts are of the database, from all replicas. A replica keeps to itself what is not worth a row:
 *   a worker's first few polls of a minute.
 * - A3. A poll writes nothing. A batch of counts is written every few seconds.
 * - A4. An anomaly of a kind is told once within the window; different kinds within it revoke.
 * - A5. Silence is told once, and only as far as the server was there.
 */
import type { AnomalyKind, OrganizationId, WorkerId } from '@sagewai/wire';

/** What happens thousands of times, and is counted. */
export type CountedKind = Exclude<AnomalyKind, 'heartbeat_timeout'>;

export interface Thresholds {
  readonly claimsPerMinute: number;
  readonly failuresPerHour: number;
  readonly silenceSeconds: number;
  readonly mismatchesPerHour: number;
  readonly windowSeconds: number;
  /** 0: no number of kinds revokes. */
  readonly kindsToRevoke: number;
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  claimsPerMinute: 60,
  failuresPerHour: 10,
  silenceSeconds: 300,
  mismatchesPerHour: 3,
  windowSeconds: 3_600,
  kindsToRevoke: 2,
};

/** What an organization has said, for all of its workers (pool null) or for one pool. */
export type ThresholdSetting = { readonly pool: string | null } & {
  readonly [Name in keyof Thresholds]: number | null;
};

/** One worker, one kind, and how much of it. */
export interface Suspect {
  readonly orgId: OrganizationId;
  readonly workerId: WorkerId;
  readonly workerNum: number;
  readonly pool: string;
  readonly kind: AnomalyKind;
  readonly observed: number;
}

/** The reporter was told to stop: neither it nor the run is to blame. */
export const STOPPED_CLASS = 'drained';
/** The worker's back end lacks the model. */
export const MODEL_MISSING_CLASS = 'model_missing';
