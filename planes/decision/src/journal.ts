/**
 * The journal of a run: what its program has asked for, and what came of it.
 *
 * - D1. Only the holder of the run's lease writes, by its epoch (F1), and whoever takes the run over reads all
 *   that was acknowledged before.
 * - D2. A finished step stays as it is, whatever is sent again; but a failed one may be done again.
 * - D3. Everything that is written of a run has a number; numbers grow in the order in which they are committed, so
 *   that a reader who goes on after the last that it has seen misses nothing.
 * - D4. A large result stands in the object store under its own SHA-256, there before the row that names it.
 * - D5. Of an organization that encrypts, results and errors stand encrypted (E1), wherever they stand.
 */
import type { OrganizationId, ProjectId, RunId, WorkerId } from '@sagewai/wire';

export type StepKind = 'step' | 'sleep' | 'signal' | 'approval' | 'child';
export type StepState = 'running' | 'waiting' | 'completed' | 'failed' | 'retrying';

/** What stands of a result and an error. */
export interface KeptContent {
  /** JSON text; null: there is none, or it is a blob. */
  readonly result: string | null;
  readonly blobDigest: string | null;
  readonly blobBytes: number | null;
  /** Of the project's key; null: in clear. */
  readonly keyId: string | null;
  readonly error: string | null;
}

export interface NewStep extends KeptContent {
  readonly name: string;
  readonly ordinal: number;
  readonly kind: StepKind;
  readonly state: StepState;
  readonly inputDigest: string | null;
  readonly isFinal: boolean;
  readonly tries: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** Whose journal it is. */
export interface OfRun {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
}

/** What the holder of a lease writes at once. */
export interface StepBatch extends OfRun {
  readonly epoch: bigint;
  readonly steps: readonly NewStep[];
}

/** `lost`: D1; `full`: a run writes so much and no more. */
export interface AppendedSteps {
  readonly how: 'ok' | 'lost' | 'full';
  readonly change: bigint | null;
}

export interface StepRow extends Omit<NewStep, 'result'> {
  readonly seq: bigint;
  readonly change: bigint;
  readonly result: unknown;
  readonly attempt: number;
  readonly epoch: bigint;
  readonly workerId: WorkerId | null;
}

/** What a program is to begin with. */
export interface JournalHead {
  readonly projectId: ProjectId;
  readonly change: bigint;
  readonly format: number;
  readonly seed: string;
  readonly startedAt: Date;
  readonly replayOf: RunId | null;
  /** Of the lease under which the latest wait had begun that has ended. */
  readonly resumedEpoch: bigint | null;
}
