import type { Clock } from '@sagewai/clock';
import type { Fleet, GroupCommit, RunWatch } from '@sagewai/fleet';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { DecisionSettings } from './decision-options.ts';
import type { AppendedSteps, StepBatch } from './journal.ts';
import type { Results } from './keep-results.ts';
import type { WorkflowSchemas } from './workflow-schemas.ts';

/** What the routes and jobs of one replica share. */
export interface DecisionParts extends Results {
  readonly db: Db;
  readonly dispatch: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: DecisionSettings;
  readonly repeat: Fleet['repeat'];
  readonly submitOne: Fleet['submitOne'];
  readonly readRuns: Fleet['readRuns'];
  readonly readRun: Fleet['readRun'];
  readonly cancelRun: Fleet['cancelRun'];
  readonly schemas: WorkflowSchemas;
  /** Under which others reach this server; null: as each has. */
  readonly publicUrl: string | null;
  /** Who waits for a run to go on. */
  readonly watch: RunWatch;
  readonly journal: GroupCommit<StepBatch, AppendedSteps>;
}
