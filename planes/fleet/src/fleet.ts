import type { CredentialReader, Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import { listen, type Listener } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import { administrationRoutes } from './administration-routes.ts';
import { anomalyRoutes } from './anomaly-routes.ts';
import { createParts } from './create-parts.ts';
import { createWorkerCredentialReader } from './credential-reader.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { decisionRoutes } from './decision-routes.ts';
import { drainRoutes } from './drain-routes.ts';
import { enrollmentKeyRoutes } from './enrollment-key-routes.ts';
import { eventRoutes } from './event-routes.ts';
import type { FleetOptions } from './fleet-options.ts';
import { fleetTokenRoutes } from './fleet-token-routes.ts';
import { WAKE_CHANNEL } from './hints.ts';
import { checkWaiting, fleetJobs } from './jobs.ts';
import { limitRoutes } from './limit-routes.ts';
import { ownCallRoutes } from './own-call-routes.ts';
import type { FleetParts } from './parts.ts';
import { placementRoutes } from './placement-routes.ts';
import { findNonempty } from './queue.sql.ts';
import { registrationRoute } from './registration-route.ts';
import { removalRoute } from './removal-route.ts';
import { retentionRoutes } from './retention-routes.ts';
import { routingRoutes } from './routing-routes.ts';
import { runEventRoutes } from './run-event-routes.ts';
import { runRoutes } from './run-routes.ts';
import { scalingRoutes } from './scaling-routes.ts';
import { scheduleRoutes } from './schedule-routes.ts';
import { sealRoutes } from './seal-routes.ts';
import { encryptionRoutes } from './secrecy/encryption-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { settingsRoutes } from './settings-routes.ts';
import { stalledRoutes } from './stalled-routes.ts';
import { versionRoutes } from './version-routes.ts';
import { waitRoutes } from './wait-routes.ts';
import { workerRoutes } from './worker-routes.ts';

export interface Fleet {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly credentialReaders: readonly CredentialReader[];
  /** For each lease, whether its holder may still spend for it. */
  areLeasesAlive(
    leases: readonly { readonly runId: RunId; readonly epoch: number }[],
  ): Promise<boolean[]>;
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
      ...settingsRoutes(),
      ...retentionRoutes(parts),
      ...limitRoutes(parts),
      ...deadLetterRoutes(parts),
      ...scheduleRoutes(parts),
    ],
    jobs: fleetJobs(parts),
    credentialReaders: [
      createWorkerCredentialReader({ ...parts, tokenKey: options.workerTokenKey }),
    ],
    areLeasesAlive: (leases) =>
      Promise.all(
        leases.map(({ runId, epoch }) => parts.aliveness.add({ runId, epoch: BigInt(epoch) })),
      ),
    countWaiting: () => parts.claims.waiting,
    close: async () => {
      await listener?.close();
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

function listenForWakes({ listenUrl, log }: FleetOptions, parts: FleetParts): Listener | null {
  const { hints, news, dispatch } = parts;
  if (listenUrl === null) return null;
  const lookAtAll = async (): Promise<void> => {
    parts.directory.forgetAll();
    await checkWaiting(parts);
    const lines = await findNonempty(dispatch);
    await hints.hear(lines.map((line) => ({ ...line, count: Number.POSITIVE_INFINITY })));
  };
  const onError = (error: unknown): void => {
    log.warn('wakes of other replicas are not heard; the sweep goes on', { error });
  };
  return listen({
    url: listenUrl,
    channel: WAKE_CHANNEL,
    onMessage: (payload) => {
      news.receive(payload);
      hints.receive(payload);
    },
    onReconnect: () => void lookAtAll().catch(onError),
    onError,
  });
}
