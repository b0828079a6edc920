import type { EventLimits } from './events/run-event.ts';

/** Every duration of the fleet, so that a test waits two seconds where a user waits five minutes. */
export interface FleetSettings {
  /** Whether workers may register without any credential where the organization has not said. */
  readonly openRegistration: boolean;
  readonly undecidedWorkersMax: number;
  /** Of one address, where the organization has not said. */
  readonly registrationsPerSecond: number;
  readonly registrationBurst: number;
  /** How long an organization's own rate is trusted. */
  readonly organizationRateTrustMs: number;
  /** How long after its end the use of a rotated key is still told from a stranger's. */
  readonly replacedSecretKeptMs: number;
  readonly matchClassesMax: number;
  /** A worker that is silent for so long loses its runs. */
  readonly workerSilenceMs: number;
  /** More than this share of the workers with runs, silent at once, are given as long again. */
  readonly massSilenceShare: number;
  readonly massSilenceWorkers: number;
  readonly superviseEveryMs: number;
  /** A longer pause between two rounds of the supervisor means that the server was away. */
  readonly pulseGapMs: number;
  /** What a worker is told to keep to. */
  readonly heartbeatIntervalMs: number;
  /** Heartbeats, and what comes with them, are written together no more often than this; 1/10 of their interval unless said. */
  readonly heartbeatPaceMs: number;
  /** A worker that goes on so long after it was told to stop loses the run. */
  readonly cancelGraceMs: number;
  /** A lease that its worker does not name for so long goes back; 1.5 heartbeats unless said, and no less than 3 s. */
  readonly unheldGraceMs: number;
  /** How long what is recorded of a worker is trusted while changes of it are not heard of. */
  readonly workerTrustMs: number;
  /** How often what is recorded is read again of all workers that call, while changes are heard of. */
  readonly workerRefreshMs: number;
  readonly workerTokenTtlMs: number;
  /** How old a worker's proof of its key may be, and how far two clocks may differ. */
  readonly proofAgeMs: number;
  /** Of a token that an administrator issues for a worker. */
  readonly issuedTokenTtlMs: number;
  /** A run token ends with its lease; this is for when nobody could tell. */
  readonly runTokenTtlMs: number;
  /** How long a model call that a worker makes itself may take. */
  readonly ownCallTtlMs: number;
  /** What becomes of such a call when the price of its model is unknown. */
  readonly unpricedOwnModels: 'record' | 'refuse';
  readonly pollTimeoutDefaultMs: number;
  /** How long a run waits for the worker that a strategy prefers, before another may have it. */
  readonly placementPatienceMs: number;
  /** How long a run waits for the one worker that it names, unless it says. */
  readonly workerWaitMs: number;
  /** How long a softly sticky run waits for the worker that had the last with its key. */
  readonly stickySoftWaitMs: number;
  /** How long a key is remembered that nobody uses. */
  readonly stickyKeysKeptMs: number;
  readonly claimLanes: number;
  readonly slotsPerClaimMax: number;
  readonly commitLanes: number;
  readonly runsPerCommitMax: number;
  /** F6. Of polls that wait, it is asked together, no more often than this, whether they were given runs before. */
  readonly repeatLookEveryMs: number;
  /** Without a hint, waiting polls are looked at again after so long. */
  readonly sweepEveryMs: number;
  readonly wakeFlushMs: number;
  /** What is decided about workers within so long is told to the other replicas together. */
  readonly newsFlushMs: number;
  /** How often the connection that hears them is tried. */
  readonly listenPingMs: number;
  /** How often workers that wait are looked up, in case such a message was lost. */
  readonly checkWaitingEveryMs: number;
  /** How often a claim looks at a line from its beginning. */
  readonly fullLookEveryMs: number;
  readonly countEveryMs: number;
  /** The delay before a run is tried again at its worker's wish; doubled with every attempt. */
  readonly retryBackoffMs: number;
  readonly releaseEveryMs: number;
  readonly watchEveryMs: number;
  /** How long a run waits for a person or a signal that did not say. */
  readonly waitMsDefault: number;
  /** Of one run, sent before it waits for them. */
  readonly signalsKeptMax: number;
  readonly waitsKeptMs: number;
  /** How much a run may say. */
  readonly eventLimits: EventLimits;
  readonly eventsPerCommitMax: number;
  /** How often runs whose events are waited for are looked at, for what comes by other replicas. */
  readonly eventWatchEveryMs: number;
  readonly eventKeepAliveMs: number;
  /** How long one stream of events lasts at most. */
  readonly eventStreamMs: number;
  readonly eventDaysAhead: number;
  readonly eventDaysKept: number;
  readonly partitionDaysAhead: number;
  /** R1. How long a run is kept after its end, and all that is said of it. */
  readonly runRetentionMs: number;
  /** More that must be kept of a day than this, and the day stays. */
  readonly keptPerDayMax: number;
  /** Payloads of one answer to a claim, and outputs of one page of runs. */
  readonly answerBytesMax: number;
  /** Of a payload or an output, as JSON. */
  readonly payloadBytesMax: number;
  /** A payload or an output of more stored bytes than this goes to the object store. */
  readonly objectThresholdBytes: number;
  /** Objects that are written or read at once. */
  readonly objectTransfersMax: number;
  /** O2. A younger object may be of a row that is being committed. */
  readonly objectGraceMs: number;
  readonly objectsEveryMs: number;
  readonly scheduleEveryMs: number;
  /** An instant that passed no longer ago than this is not late. */
  readonly scheduleLateMs: number;
  /** Of one project. */
  readonly triggersMax: number;
  /** How long a trigger's former secret is good. */
  readonly triggerSecretOverlapMs: number;
  /** X1. How long a delivery is known, and what has become of it. */
  readonly triggerFiringsKeptMs: number;
  readonly triggerPollEveryMs: number;
  readonly bulkEveryMs: number;
  /** Runs of one operation, and of one step of it. */
  readonly bulkRunsMax: number;
  readonly bulkBatchMax: number;
  readonly idempotencyKeyTtlMs: number;
  /** How often a replica looks which organizations encrypt, and whose keys have changed. */
  readonly contentKeysEveryMs: number;
  readonly reencryptEveryMs: number;
  /** Rows that are moved to another key in one transaction. */
  readonly reencryptBatch: number;
  /** After so long, every replica has noticed a change of keys, and every statement of before has ended. */
  readonly contentKeyGraceMs: number;
  readonly lostRunTtlMs: number;
  /** How often what workers did is written, and how often it is judged. */
  readonly activityFlushMs: number;
  readonly judgeEveryMs: number;
  readonly activityKeptMs: number;
  /** How often a probe that says the same as before is written. */
  readonly probeRefreshMs: number;
  /** P2. A probe that is older says nothing any more. */
  readonly probeStaleMs: number;
  /** A worker that is silent for so long is looked at; whether it is too long, its organization says. */
  readonly silenceSuspectMs: number;
  /** F5. A run that waits for so long is as urgent as one of the next priority that has just come. */
  readonly agingMs: number;
  /** C3. How deep a tree of runs may be under its first, and how many runs it may have had there. */
  readonly childDepthMax: number;
  readonly childrenMax: number;
  /** How often the ends of parents and of children are followed up. */
  readonly childrenEveryMs: number;
  /** A limit without room is looked at again after so long, if nothing is heard of it. */
  readonly heldLookEveryMs: number;
  /** How often replicas tell each other what projects were given, and read weights. */
  readonly shareEveryMs: number;
  /** Concurrency keys of one project. */
  readonly concurrencyKeysMax: number;
  /** F8. Runs that may wait on the whole server. */
  readonly queuedMax: number;
  /** F8. A replica takes its part of them in pieces of so many. */
  readonly roomChunk: number;
  /** What a submission to a full queue is told to wait for. */
  readonly fullRetryMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * The answer to a claim is on its way, or a worker is busy with reading it, as long as that takes: no shorter where
 * heartbeats are. What goes back sooner may be running already.
 */
const UNHELD_GRACE_MS_MIN = 3 * SECOND_MS;

const DEFAULTS: Omit<FleetSettings, 'unheldGraceMs' | 'heartbeatPaceMs'> = {
  openRegistration: false,
  undecidedWorkersMax: 1_000,
  registrationsPerSecond: 1,
  registrationBurst: 20,
  organizationRateTrustMs: 10 * SECOND_MS,
  replacedSecretKeptMs: 30 * DAY_MS,
  matchClassesMax: 10_000,
  workerSilenceMs: 5 * MINUTE_MS,
  massSilenceShare: 0.5,
  massSilenceWorkers: 3,
  superviseEveryMs: 5 * SECOND_MS,
  pulseGapMs: 20 * SECOND_MS,
  heartbeatIntervalMs: 30 * SECOND_MS,
  cancelGraceMs: 2 * MINUTE_MS,
  workerTrustMs: 500,
  workerRefreshMs: 2 * MINUTE_MS,
  workerTokenTtlMs: 15 * MINUTE_MS,
  proofAgeMs: 5 * MINUTE_MS,
  issuedTokenTtlMs: 30 * DAY_MS,
  runTokenTtlMs: DAY_MS,
  ownCallTtlMs: 10 * MINUTE_MS,
  unpricedOwnModels: 'record',
  pollTimeoutDefaultMs: 5 * SECOND_MS,
  placementPatienceMs: 100,
  workerWaitMs: 5 * MINUTE_MS,
  stickySoftWaitMs: 2 * SECOND_MS,
  stickyKeysKeptMs: 8 * DAY_MS,
  claimLanes: 2,
  slotsPerClaimMax: 256,
  commitLanes: 2,
  runsPerCommitMax: 1_000,
  repeatLookEveryMs: 2 * SECOND_MS,
  sweepEveryMs: SECOND_MS,
  wakeFlushMs: 15,
  newsFlushMs: 50,
  listenPingMs: 10 * SECOND_MS,
  checkWaitingEveryMs: 5 * SECOND_MS,
  fullLookEveryMs: SECOND_MS,
  countEveryMs: 10 * SECOND_MS,
  retryBackoffMs: SECOND_MS,
  releaseEveryMs: 500,
  watchEveryMs: SECOND_MS,
  waitMsDefault: 7 * DAY_MS,
  signalsKeptMax: 100,
  waitsKeptMs: 30 * DAY_MS,
  eventLimits: { perSecond: 50, atOnce: 500, perRun: 20_000, bytesPerRun: 16 * 1024 * 1024 },
  eventsPerCommitMax: 5_000,
  eventWatchEveryMs: 500,
  eventKeepAliveMs: 15 * SECOND_MS,
  eventStreamMs: 10 * MINUTE_MS,
  eventDaysAhead: 2,
  eventDaysKept: 30,
  partitionDaysAhead: 7,
  runRetentionMs: 30 * DAY_MS,
  keptPerDayMax: 100_000,
  answerBytesMax: 16 * 1024 * 1024,
  payloadBytesMax: 6_000_000,
  objectThresholdBytes: 128 * 1024,
  objectTransfersMax: 8,
  objectGraceMs: 60 * MINUTE_MS,
  objectsEveryMs: 60 * MINUTE_MS,
  scheduleEveryMs: SECOND_MS,
  scheduleLateMs: MINUTE_MS,
  triggersMax: 100,
  triggerSecretOverlapMs: DAY_MS,
  triggerFiringsKeptMs: 30 * DAY_MS,
  triggerPollEveryMs: SECOND_MS,
  bulkEveryMs: SECOND_MS,
  bulkRunsMax: 100_000,
  bulkBatchMax: 200,
  idempotencyKeyTtlMs: 7 * DAY_MS,
  contentKeysEveryMs: 2 * SECOND_MS,
  reencryptEveryMs: 5 * SECOND_MS,
  reencryptBatch: 200,
  contentKeyGraceMs: MINUTE_MS,
  lostRunTtlMs: 30 * DAY_MS,
  activityFlushMs: 5 * SECOND_MS,
  judgeEveryMs: 5 * SECOND_MS,
  activityKeptMs: 120 * MINUTE_MS,
  probeRefreshMs: 2 * MINUTE_MS,
  probeStaleMs: 5 * MINUTE_MS,
  silenceSuspectMs: 45 * SECOND_MS,
  agingMs: 10 * SECOND_MS,
  childDepthMax: 8,
  childrenMax: 1_000,
  childrenEveryMs: 500,
  heldLookEveryMs: SECOND_MS,
  shareEveryMs: SECOND_MS,
  concurrencyKeysMax: 10_000,
  queuedMax: 5_000_000,
  roomChunk: 1_000,
  fullRetryMs: SECOND_MS,
};

export const FLEET_DEFAULTS: FleetSettings = completeSettings({});

/** What is left open follows from what is said. */
export function completeSettings(given: Partial<FleetSettings>): FleetSettings {
  const heartbeatIntervalMs = given.heartbeatIntervalMs ?? DEFAULTS.heartbeatIntervalMs;
  return {
    ...DEFAULTS,
    unheldGraceMs: Math.max(1.5 * heartbeatIntervalMs, UNHELD_GRACE_MS_MIN),
    heartbeatPaceMs: heartbeatIntervalMs / 10,
    ...given,
  };
}
