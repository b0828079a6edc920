import type { Caller, CredentialReader, Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import { listen, type Listener, type Tx } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { anomalyRoutes } from './anomalies/anomaly-routes.ts';
import { eventRoutes } from './audit/event-routes.ts';
import { createParts } from './create-parts.ts';
import { cancelProject, type ProjectToCancel } from './dead-letters/cancel-project.ts';
import { deadLetterRoutes } from './dead-letters/dead-letter-routes.ts';
import { WAKE_CHANNEL } from './dispatch/hints.ts';
import { findNonempty } from './dispatch/queue.sql.ts';
import { enrollmentKeyRoutes } from './enrollment/enrollment-key-routes.ts';
import { fleetTokenRoutes } from './enrollment/fleet-token-routes.ts';
import { registrationRoute } from './enrollment/registration-route.ts';
import { settingsRoutes } from './enrollment/settings-routes.ts';
import { runEventRoutes } from './events/run-event-routes.ts';
import type { FleetOptions } from './fleet-options.ts';
import { createWorkerCredentialReader } from './identity/credential-reader.ts';
import { sessionRoutes } from './identity/session-routes.ts';
import { fleetJobs } from './jobs.ts';
import { limitRoutes } from './limits/limit-routes.ts';
import { routingRoutes } from './matching/routing-routes.ts';
import { runRoutes } from './matching/run-routes.ts';
import type { FleetParts } from './parts.ts';
import { placementRoutes } from './placement/placement-routes.ts';
import { retentionRoutes } from './retention/retention-routes.ts';
import { childRoutes } from './runs/child-routes.ts';
import { repeatRun, type RepeatedRun, type RunRepeat } from './runs/repeat-run.ts';
import type { RunDetail } from './runs/runs.sql.ts';
import type { Accepted, Submission } from './runs/submissions.ts';
import { submitting, type WireRun } from './runs/submitting.ts';
import { scalingRoutes } from './scaling/scaling-routes.ts';
import { scheduleRoutes } from './schedules/schedule-routes.ts';
import { encryptionRoutes } from './secrecy/encryption-routes.ts';
import { createRunContents, type RunContents } from './secrecy/run-contents.ts';
import { sealRoutes } from './secrecy/seal-routes.ts';
import { receiveRoute, webhookSenders } from './triggers/receive-webhook.ts';
import { triggerRoutes } from './triggers/trigger-routes.ts';
import { type RunSignal, sendSignal } from './waits/send-signal.ts';
import { waitRoutes } from './waits/wait-routes.ts';
import type { Resumed } from './waits/wait.ts';
import { administrationRoutes } from './workers/administration-routes.ts';
import { checkWaiting } from './workers/check-waiting.ts';
import { decisionRoutes } from './workers/decision-routes.ts';
import { drainRoutes } from './workers/drain-routes.ts';
import { ownCallRoutes } from './workers/own-call-routes.ts';
import { removalRoute } from './workers/removal-route.ts';
import { stalledRoutes } from './workers/stalled-routes.ts';
import { versionRoutes } from './workers/version-routes.ts';
import { workerRoutes } from './workers/worker-routes.ts';

export interface Fleet {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly credentialReaders: readonly CredentialReader[];
  /** For each lease, whether its holder may still spend for it. */
  areLeasesAlive(
    leases: readonly { readonly runId: RunId; readonly epoch: number }[],
  ): Promise<boolean[]>;
  /** Cancels all that a project has not ended; its workers are told to stop. */
  cancelProject(of: ProjectToCancel, signal: AbortSignal): Promise<void>;
  /** The same work as a new run, in the caller's transaction; null: there is no such run, or it cannot be read. */
  repeat(tx: Tx, repeat: RunRepeat): Promise<RepeatedRun | null>;
  /** A signal to a run, in the caller's transaction. */
  signal(tx: Tx, signal: RunSignal): Promise<Resumed['how'] | 'missing'>;
  /** As its caller's own submission, under an id that is new. */
  submitOne(caller: Caller, submission: Submission, runId: RunId): Promise<Accepted>;
  /** As their readers see them, in the order of the ids; what is not there is left out. */
  readRuns(tx: Tx, orgId: OrganizationId, runIds: readonly RunId[]): Promise<readonly WireRun[]>;
  /** With what it has come to, as its readers see it. Null: there is no such run. */
  readRun(orgId: OrganizationId, runId: RunId): Promise<RunDetail | null>;
  /** For whoever has asked for it and does not want it any more; with all under it. */
  cancelRun(of: {
    readonly orgId: OrganizationId;
    readonly runId: RunId;
    readonly actor: string;
  }): Promise<void>;
  /** For what higher planes keep of runs. */
  readonly contents: RunContents;
  /** How many polls wait at this replica. */
  countWaiting(): number;
  close(): Promise<void>;
}

/** Everything that one replica does for the fleet. */
export function createFleet(options: FleetOptions): Fleet {
  const parts = createParts(options);
  const listener = listenForWakes(options, parts);
  return {
    routes: [
      registrationRoute(parts),
      ...sessionRoutes(parts),
      ...workerRoutes(parts),
      ...runRoutes(parts),
      ...runEventRoutes(parts),
      ...waitRoutes(parts),
      ...childRoutes(parts),
      ...drainRoutes(parts),
      ...ownCallRoutes(parts, options),
      ...administrationRoutes(parts),
      ...encryptionRoutes(parts),
      ...routingRoutes(parts),
      ...versionRoutes(parts),
      ...sealRoutes(parts),
      ...stalledRoutes(),
      ...placementRoutes(parts),
      ...anomalyRoutes(),
      ...eventRoutes(),
      removalRoute(parts),
      ...scalingRoutes(parts),
      ...decisionRoutes(parts),
      ...enrollmentKeyRoutes(),
      ...fleetTokenRoutes(parts),
      ...settingsRoutes(parts),
      ...retentionRoutes(parts),
      ...limitRoutes(parts),
      ...deadLetterRoutes(parts),
      ...scheduleRoutes(parts),
      ...triggerRoutes(parts),
      receiveRoute(parts),
    ],
    jobs: fleetJobs(parts),
    credentialReaders: [
      webhookSenders,
      createWorkerCredentialReader({ ...parts, tokenKey: options.workerTokenKey }),
    ],
    areLeasesAlive: (leases) =>
      Promise.all(
        leases.map(({ runId, epoch }) => parts.aliveness.add({ runId, epoch: BigInt(epoch) })),
      ),
    cancelProject: (of, signal) => {
      const touch = (runId: RunId): void => parts.watch.touch(runId);
      return cancelProject({ ...parts, touch, batch: parts.settings.bulkBatchMax }, of, signal);
    },
    repeat: (tx, repeat) => repeatRun(parts, tx, repeat),
    signal: (tx, signal) => sendSignal(parts, tx, signal),
    ...submitting(parts),
    contents: createRunContents(parts.contentKeys),
    countWaiting: () => parts.claims.waiting,
    close: async () => {
      await listener?.close();
      await parts.heartbeats.close();
      await parts.probes.close();
      await parts.activity
        .flush()
        .catch((error: unknown) => options.log.warn('counts were lost', { error }));
      parts.alarm.close();
      parts.watch.close();
      parts.eventWatch.close();
      parts.placements.close();
      parts.contentKeys.close();
      await parts.hints.close();
      await parts.news.close();
    },
  };
}

function listenForWakes(
  { listenUrl, redis, log }: FleetOptions,
  parts: FleetParts,
): Listener | null {
  const { hints, news, dispatch } = parts;
  const lookAtAll = async (): Promise<void> => {
    parts.directory.forgetAll();
    await checkWaiting(parts);
    const lines = await findNonempty(dispatch);
    await hints.hear(lines.map((line) => ({ ...line, count: Number.POSITIVE_INFINITY })));
  };
  const onError = (error: unknown): void => {
    log.warn('wakes of other replicas are not heard; the sweep goes on', { error });
  };
  redis?.subscribe({
    channel: WAKE_CHANNEL,
    onMessage: (payload) => hints.receive(payload),
    onReconnect: () => void lookAtAll().catch(onError),
  });
  if (listenUrl === null) return null;
  const listener = listen({
    url: listenUrl,
    pingEveryMs: parts.settings.listenPingMs,
    channel: WAKE_CHANNEL,
    onMessage: (payload) => {
      news.receive(payload);
      hints.receive(payload);
    },
    onReconnect: () => void lookAtAll().catch(onError),
    onError,
  });
  parts.directory.hears = () => listener.isHearing();
  return listener;
}
