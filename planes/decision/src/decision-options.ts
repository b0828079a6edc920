import type { Clock } from '@sagewai/clock';
import type { Fleet } from '@sagewai/fleet';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';

export interface DecisionSettings {
  /** A result of more bytes than this stands in the object store. */
  readonly inlineBytesMax: number;
  /** What may be written of one run. */
  readonly changesPerRunMax: number;
  readonly stepsPerCommitMax: number;
  readonly lanes: number;
  /** How much of results one page of a journal carries. */
  readonly pageBytesMax: number;
  /** Versions of workflows that an organization may have registered. */
  readonly workflowsMax: number;
  /** How often runs are looked at that somebody watches. */
  readonly watchEveryMs: number;
  /** How long a stream of server-sent events may be silent. */
  readonly streamKeepAliveMs: number;
  /** Whoever watches longer comes back, and is asked again who it is. */
  readonly streamMs: number;
}

export const DECISION_DEFAULTS: DecisionSettings = {
  inlineBytesMax: 16_384,
  changesPerRunMax: 200_000,
  stepsPerCommitMax: 1_000,
  lanes: 2,
  pageBytesMax: 8 * 1_048_576,
  workflowsMax: 5_000,
  watchEveryMs: 500,
  streamKeepAliveMs: 15_000,
  streamMs: 600_000,
};

export interface DecisionOptions {
  /** As `sagewai_request`. */
  readonly db: Db;
  /** As `sagewai_dispatch`. */
  readonly dispatch: Db;
  readonly fleet: Pick<
    Fleet,
    'cancelRun' | 'contents' | 'readRun' | 'readRuns' | 'repeat' | 'submitOne'
  >;
  /** Who opened it closes it. */
  readonly objects: ObjectStore;
  /** Under which others reach this server; null: as each has. */
  readonly publicUrl?: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings?: Partial<DecisionSettings>;
}
