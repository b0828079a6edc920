import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import type { MasterKeys } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { RunId, WorkerId } from '@sagewai/wire';

import type { RoutingParts } from './create-routing-parts.ts';
import type { WorkerParts } from './create-worker-parts.ts';
import type { Backlog } from './dispatch/backlog.ts';
import type { Claims } from './dispatch/claims.ts';
import type { Hints } from './dispatch/hints.ts';
import type { LeaseName, TakenBack } from './dispatch/leases.sql.ts';
import type { RegistrationGate } from './enrollment/registration-gate.ts';
import type { RunEventLog } from './events/run-event-log.ts';
import type { GroupCommit } from './group-commit.ts';
import type { IdentityMeters } from './identity/identity-meters.ts';
import type { Alarm } from './limits/alarm.ts';
import type { FullQueues } from './limits/full-queues.ts';
import type { ProjectFacts } from './limits/project-facts.ts';
import type { Line } from './matching/subqueue.ts';
import type { FleetMeters } from './meters.ts';
import type { LargeContents } from './objects/large-contents.ts';
import type { Reports } from './runs/reports.ts';
import type { RunWatch } from './runs/run-watch.ts';
import type { Submissions } from './runs/submissions.ts';
import type { ContentKeys } from './secrecy/content-keys.ts';
import type { FleetSettings } from './settings.ts';
import type { TriggerMeters } from './triggers/trigger-meters.ts';
import type { NewWait, WaitAnswer } from './waits/wait.ts';

/** What the routes and jobs of one replica share. */
export interface FleetParts extends RoutingParts, WorkerParts {
  /** As the role of requests. */
  readonly db: Db;
  /** As the role of dispatch: sees no tenant. */
  readonly dispatch: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: FleetSettings;
  readonly workerTokenKey: KeyObject;
  readonly runTokenKey: KeyObject;
  /** Wraps the keys of organizations that encrypt. */
  readonly sealingKeys: MasterKeys;
  readonly contentKeys: ContentKeys;
  readonly largeContents: LargeContents;
  readonly backlog: Backlog;
  readonly hints: Hints;
  readonly claims: Claims;
  readonly submissions: Submissions;
  readonly reports: Reports;
  readonly waits: GroupCommit<NewWait, WaitAnswer>;
  readonly watch: RunWatch;
  /** For whoever waits for what runs say. */
  readonly eventWatch: RunWatch;
  readonly eventLog: RunEventLog;
  readonly meters: FleetMeters;
  readonly aliveness: GroupCommit<LeaseName, boolean>;
  readonly gate: RegistrationGate;
  /** Follows up runs that were queued again: hints, counters, watchers. */
  readonly afterQueued: (runs: readonly (Line & { readonly runId: RunId })[]) => void;
  readonly identityMeters: IdentityMeters;
  /** Follows up runs that were taken from their workers: hints, counters, watchers. */
  readonly afterTakenBack: (taken: readonly TakenBack[]) => void;
  /** A run of this subqueue runs no more: what a cap held back may start. */
  readonly afterFreed: (sq: number) => void;
  readonly full: FullQueues;
  readonly triggerMeters: TriggerMeters;
  /** Throws `egress.refused` where nobody may call. */
  readonly checkUrl: (url: string) => void;
  readonly egress: PublicEgress;
  readonly projects: ProjectFacts;
  readonly alarm: Alarm;
  /** A worker's record has changed here: this replica and the others take note. */
  readonly afterDecided: (workerId: WorkerId) => void;
}
