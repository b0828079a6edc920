import { keyOf } from '@sagewai/config';
import type { FleetSettings } from '@sagewai/fleet';

import type { ServerConfig } from './config.ts';
import { NAMED_SETTINGS } from './fleet-fields.ts';
import { isLoopback } from './is-loopback.ts';
import { payloadBytesMax } from './object-store.ts';

type Named = (typeof NAMED_SETTINGS)[keyof typeof NAMED_SETTINGS]['setting'];
/** Named by variables that are not theirs alone. */
type Composed =
  | 'openRegistration'
  | 'unpricedOwnModels'
  | 'massSilenceShare'
  | 'eventLimits'
  | 'payloadBytesMax'
  | 'objectThresholdBytes'
  | 'objectGraceMs'
  | 'objectsEveryMs';
/** How the work is divided, and what follows from others: a wrong value helps nobody. */
type Internal =
  | 'organizationRateTrustMs'
  | 'unheldGraceMs'
  | 'heartbeatPaceMs'
  | 'claimLanes'
  | 'commitLanes'
  | 'runsPerCommitMax'
  | 'wakeFlushMs'
  | 'newsFlushMs'
  | 'fullLookEveryMs'
  | 'watchEveryMs'
  | 'eventsPerCommitMax'
  | 'eventWatchEveryMs'
  | 'eventDaysAhead'
  | 'partitionDaysAhead'
  | 'bulkBatchMax'
  | 'contentKeysEveryMs'
  | 'reencryptBatch'
  | 'lostRunTtlMs'
  | 'activityKeptMs'
  | 'roomChunk';

/** A new setting gets a variable, or a reason to have none: until then this does not compile. */
const NOBODY_NAMED: Record<Exclude<keyof FleetSettings, Named | Composed | Internal>, never> = {};

export function fleetSettings(config: ServerConfig): Partial<FleetSettings> {
  const values: Readonly<Record<string, unknown>> = config;
  const named = Object.entries(NAMED_SETTINGS).map(([name, { kind, setting }]) => [
    setting,
    values[keyOf(name, kind)],
  ]);
  return {
    ...NOBODY_NAMED,
    ...(Object.fromEntries(named) as Pick<FleetSettings, Named>),
    openRegistration: config.openRegistration ?? isLoopback(config.host),
    unpricedOwnModels: config.unpricedOwnModels,
    massSilenceShare: config.massSilencePercent / 100,
    eventLimits: {
      perSecond: config.runEventsPerSecond,
      atOnce: config.runEventsBurst,
      perRun: config.runEventsMax,
      bytesPerRun: config.runEventBytesMax,
    },
    payloadBytesMax: payloadBytesMax(config),
    objectThresholdBytes: config.objectThresholdBytes,
    objectGraceMs: config.objectGraceMs,
    objectsEveryMs: config.objectSweepIntervalMs,
  };
}
