import type { JournaledStep, StepRecord } from './journal.ts';
import type { WorkflowWait } from './workflow-end.ts';

/** What is said of a step beside its name and kind. */
export type StepNews = Omit<
  StepRecord,
  'name' | 'ordinal' | 'kind' | 'input_digest' | 'started_at'
>;

/** What a step that is to be done gets. */
export interface Doing {
  readonly key: string;
  /** What was journaled of it before: it had begun. */
  readonly begun: JournaledStep | null;
  write(news: StepNews): Promise<void>;
  /** Journals its end, and answers what was journaled. */
  complete(value: unknown, tries?: number): Promise<unknown>;
  fail(why: StepFailure): Promise<never>;
  /** J3. Never resolves: the run is to wait, and begins anew. */
  park(wait: WorkflowWait, result: unknown): Promise<never>;
}

export interface StepFailure {
  readonly message: string;
  readonly cause?: unknown;
  readonly isFinal: boolean;
  readonly tries?: number;
}
