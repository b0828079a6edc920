import { count, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, time } from './fleet-setting.ts';

/** Runs from their submission to the day on which they are dropped. */
export const runFields = {
  RETRY_BACKOFF: time(
    'retryBackoffMs',
    'The first delay of a run without a policy that its worker wants tried again',
  ),
  RELEASE_INTERVAL: time('releaseEveryMs', 'How often what was put off is looked at', { min: 50 }),
  TRIGGERS_MAX: count('triggersMax', 'Triggers that a project may have'),
  TRIGGER_SECRET_OVERLAP: time(
    'triggerSecretOverlapMs',
    'How long the former secret of a trigger is good, where its rotation says nothing',
    { min: 0 },
  ),
  TRIGGER_FIRING_RETENTION: time(
    'triggerFiringsKeptMs',
    'How long a delivery to a trigger is known: repeated later, it starts another run',
  ),
  TRIGGER_POLL_INTERVAL: time(
    'triggerPollEveryMs',
    'How often it is looked which pollers are due',
    {
      min: 50,
    },
  ),
  SCHEDULE_INTERVAL: time('scheduleEveryMs', 'How often schedules are looked at', { min: 50 }),
  SCHEDULE_LATE: time('scheduleLateMs', 'An instant that passed longer ago needs a catch-up', {
    min: SECOND_MS,
  }),
  BULK_INTERVAL: time('bulkEveryMs', 'How often operations on many runs go on', { min: 50 }),
  BULK_RUNS_MAX: count('bulkRunsMax', 'Runs of one such operation'),
  WAIT_TIMEOUT: time(
    'waitMsDefault',
    'How long a run waits for a person or a signal if it did not say',
    { min: SECOND_MS },
  ),
  SIGNALS_MAX: count('signalsKeptMax', 'Signals kept of one run that does not wait for them yet'),
  WAIT_RETENTION: time('waitsKeptMs', 'How long waits of runs that are over are kept', {
    min: HOUR_MS,
  }),
  RUN_DEPTH_MAX: count('childDepthMax', 'How deep runs may stand under the first of their tree', {
    max: 100,
  }),
  RUN_CHILDREN_MAX: count('childrenMax', 'Runs that may be submitted under one, however deep'),
  CHILDREN_INTERVAL: time(
    'childrenEveryMs',
    'How often the ends of parents and of children are followed up',
    { min: 50 },
  ),
  EVENT_RETENTION_DAYS: count('eventDaysKept', 'Days for which what runs said is kept'),
  EVENT_KEEP_ALIVE: time('eventKeepAliveMs', 'How often a stream without events says so', {
    min: 100,
  }),
  EVENT_STREAM_MAX: time('eventStreamMs', 'How long one stream of events lasts', {
    min: SECOND_MS,
  }),
  RUN_RETENTION: time(
    'runRetentionMs',
    'How long runs are kept after their end; a project may say less',
    { min: DAY_MS },
  ),
  KEPT_PER_DAY_MAX: count(
    'keptPerDayMax',
    'A day of which more runs must be kept than this is not dropped yet',
  ),
  IDEMPOTENCY_RETENTION: time('idempotencyKeyTtlMs', 'How long an idempotency key is remembered', {
    min: MINUTE_MS,
  }),
  CLAIM_BYTES_MAX: count('answerBytesMax', 'Payloads of one answer to a claim, in bytes', {
    min: 1_024,
  }),
  OBJECT_TRANSFERS_MAX: count('objectTransfersMax', 'Objects read or written at once', {
    max: 1_000,
  }),
  CONTENT_KEY_GRACE: time(
    'contentKeyGraceMs',
    'How long a content key that nothing stands under is kept before it is destroyed',
    { min: 10 * SECOND_MS },
  ),
  REENCRYPT_INTERVAL: time('reencryptEveryMs', 'How often contents are moved to newer keys', {
    min: 50,
  }),
} as const;
