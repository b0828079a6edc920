import type { CallInput, CallOutput } from '../client.ts';

/** What of a step is written; the server knows the run, the lease and the worker. */
export type StepRecord = CallInput<'runs.appendJournal'>['body']['steps'][number];
/** What stands in the journal. */
export type JournaledStep = CallOutput<'runs.readJournal'>['steps'][number];
export type StepKind = StepRecord['kind'];

/** A run's journal as its present holder has it. */
export interface Journal {
  readonly runId: string;
  /** What its random numbers are made of: the same for each attempt. */
  readonly seed: string;
  readonly startedAt: Date;
  /** In the order in which they were first written. */
  readonly steps: readonly JournaledStep[];
  /** What has ended the wait that is the run's latest, and under which lease it had begun; null: none has. */
  readonly resumed: Resumed | null;
  /** Resolves when it is there to stay. Throws when the lease is over, and what cannot be taken. */
  write(record: StepRecord): Promise<void>;
}

export interface Resumed {
  readonly epoch: number;
  readonly kind: 'approved' | 'denied' | 'signal' | 'children' | 'timeout';
  readonly value: unknown;
  readonly by: string | null;
}

/** One step among those of the same name. */
export interface StepName {
  readonly name: string;
  /** How many of this name were asked for before. */
  readonly ordinal: number;
}

export const keyOf = ({ name, ordinal }: StepName): string => `${name}#${ordinal}`;
