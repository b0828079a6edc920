import type { ProjectId, RunState, WorkerId, WorkerState } from '@sagewai/wire';

import type { Binding } from '../limits/limits.sql.ts';
import type { Requirement } from '../matching/match-class.ts';
import type { Labels } from '../matching/selector.ts';
import type { Ramp } from '../workers/version.ts';

/** A worker as somebody sees it who asks why a run is not with it. */
export interface WorkerFact {
  readonly id: WorkerId;
  readonly num: number;
  readonly name: string;
  readonly state: WorkerState;
  readonly projectId: ProjectId | null;
  readonly pool: string;
  readonly models: readonly string[];
  /** P1. Of these, what it said lately that it cannot reach. */
  readonly sick: readonly string[];
  readonly labels: Labels;
  /** Null or left out: it does not say. */
  readonly version?: string | null;
  readonly ramp?: Ramp | null;
  readonly max: number;
  /** Leases that it holds. */
  readonly active: number;
  /** It was asked to go. */
  readonly isDraining: boolean;
  /** Lately. */
  readonly isHeard: boolean;
}

/** Where a run is, and everything that may keep it there. A further reason adds what it needs. */
export interface PlacementFacts {
  readonly state: RunState;
  readonly projectId: ProjectId;
  readonly requirement: Requirement;
  /** It is put off until then. */
  readonly scheduledFor: Date | null;
  /** The one worker that it is for; null: all that match. */
  readonly workerNum: number | null;
  readonly directedTo: string | null;
  /** Until when; null: for ever. */
  readonly directedUntil: Date | null;
  /** Any worker may have it then. */
  readonly movesThen: boolean;
  /** What it waits for, in a person's words; null: nothing is known. */
  readonly waitsFor: string | null;
  readonly workerName: string | null;
  /** It runs, and its worker is told to stop. */
  readonly cancelRequested: boolean;
  readonly isDeadLetter: boolean;
  /** Runs of the same line that come before it, as far as they were counted. */
  readonly ahead: number;
  readonly isAheadCounted: boolean;
  /** F7. What binds it, full or not. */
  readonly bindings: readonly Binding[];
  /** Of the organization, whatever their pool. */
  readonly workers: readonly WorkerFact[];
}
