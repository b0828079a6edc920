import { count, MINUTE_MS, time } from './fleet-setting.ts';

/** Whose turn it is, and how much may wait. */
export const queueFields = {
  POLL_TIMEOUT: time('pollTimeoutDefaultMs', 'How long a poll waits that does not say', {
    min: 0,
    max: MINUTE_MS,
  }),
  POLL_REPEAT_INTERVAL: time(
    'repeatLookEveryMs',
    'How often it is asked, of all waiting polls that are new, whether they repeat one that was answered',
    { min: 0, max: MINUTE_MS },
  ),
  PLACEMENT_PATIENCE: time(
    'placementPatienceMs',
    'How long a run waits for the worker that a strategy prefers',
    { min: 0, max: MINUTE_MS },
  ),
  WORKER_WAIT: time('workerWaitMs', 'How long a run waits for the one worker that it names'),
  STICKY_SOFT_WAIT: time(
    'stickySoftWaitMs',
    'How long a softly sticky run waits for the worker that had the last with its key',
  ),
  STICKY_KEY_RETENTION: time('stickyKeysKeptMs', 'How long a sticky key is remembered unused', {
    min: MINUTE_MS,
  }),
  CLAIM_SLOTS_MAX: count('slotsPerClaimMax', 'Runs that one statement gives out', { max: 10_000 }),
  SWEEP_INTERVAL: time('sweepEveryMs', 'How late a run is found whose wake was lost', { min: 50 }),
  WORKER_CHECK_INTERVAL: time(
    'checkWaitingEveryMs',
    'How often workers that wait are looked up, in case news of them was lost',
    { min: 100 },
  ),
  COUNT_INTERVAL: time('countEveryMs', 'How often the queue is counted for autoscalers', {
    min: 100,
  }),
  PRIORITY_AGING: time(
    'agingMs',
    'A run that waits for so long is as urgent as a new one of the next priority',
    { min: 100 },
  ),
  LIMIT_LOOK_INTERVAL: time(
    'heldLookEveryMs',
    'How often a limit without room is looked at again if nothing is heard of it',
    { min: 50 },
  ),
  SHARE_INTERVAL: time(
    'shareEveryMs',
    'How often replicas tell each other what projects were given',
    { min: 50 },
  ),
  QUEUED_MAX: count('queuedMax', 'Runs that may wait on the whole server'),
  QUEUE_RETRY_AFTER: time('fullRetryMs', 'What a submission to a full queue is told to wait for'),
  CONCURRENCY_KEYS_MAX: count('concurrencyKeysMax', 'Different concurrency keys of one project'),
  MATCH_CLASSES_MAX: count('matchClassesMax', 'Different requirements of one organization’s runs'),
} as const;
