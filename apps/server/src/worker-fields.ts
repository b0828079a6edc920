import { count, HOUR_MS, MINUTE_MS, SECOND_MS, time } from './fleet-setting.ts';

/** Who may be a worker, and how long it is taken for alive. */
export const workerFields = {
  REGISTRATIONS_PER_SECOND: count(
    'registrationsPerSecond',
    'Registrations of workers a second from one address, on each replica',
    { max: 10_000 },
  ),
  REGISTRATION_BURST: count('registrationBurst', 'So many of them at once', { max: 100_000 }),
  UNDECIDED_WORKERS_MAX: count(
    'undecidedWorkersMax',
    'Workers of an organization that may wait for a decision',
  ),
  REPLACED_KEY_RETENTION: time(
    'replacedSecretKeptMs',
    'How long the use of an enrollment key that was rotated out is told from a stranger’s',
  ),
  ISSUED_TOKEN_TTL: time('issuedTokenTtlMs', 'The life of an issued worker token that names none', {
    min: MINUTE_MS,
  }),
  WORKER_TOKEN_TTL: time(
    'workerTokenTtlMs',
    'The life of a worker token; it is renewed on heartbeats',
    { min: SECOND_MS },
  ),
  WORKER_PROOF_AGE: time(
    'proofAgeMs',
    'How old the proof of a key pair may be, and how far two clocks may differ',
    { min: SECOND_MS, max: HOUR_MS },
  ),
  WORKER_TRUST: time(
    'workerTrustMs',
    'How long what is recorded of a worker is trusted while news of changes is not heard',
    { max: SECOND_MS },
  ),
  WORKER_REFRESH_INTERVAL: time(
    'workerRefreshMs',
    'How often what is recorded is read again of all workers that call',
    { min: SECOND_MS },
  ),
  NEWS_CHECK_INTERVAL: time(
    'listenPingMs',
    'How often the connection is tried that hears news of other replicas',
    { min: 100 },
  ),
  RUN_TOKEN_TTL: time('runTokenTtlMs', 'The longest life of a run token; it ends with its lease', {
    min: MINUTE_MS,
  }),
  OWN_CALL_TTL: time('ownCallTtlMs', 'How long a model call that a worker makes itself may take', {
    min: SECOND_MS,
  }),

  WORKER_SILENCE: time(
    'workerSilenceMs',
    'After this much silence a worker loses its runs to others',
    { min: 200 },
  ),
  WORKER_HEARTBEAT_INTERVAL: time(
    'heartbeatIntervalMs',
    'How often workers are asked to give a sign of life',
    { min: 100 },
  ),
  MASS_SILENCE_WORKERS: count(
    'massSilenceWorkers',
    'Fewer workers than this that are silent at once are never taken for an outage',
  ),
  PULSE_GAP: time(
    'pulseGapMs',
    'A longer pause of the supervisor means that the server was away: nobody’s silence counts',
    { min: 100 },
  ),
  JOB_INTERVAL: time(
    'superviseEveryMs',
    'How often the supervisor and other background work look',
    { min: 50 },
  ),
  CANCEL_GRACE: time(
    'cancelGraceMs',
    'How long a worker may go on with a run that it was told to stop',
    { min: 100 },
  ),
  SILENCE_SUSPECT: time(
    'silenceSuspectMs',
    'After so much silence it is looked whether a worker is silent for too long (an anomaly)',
    { min: 100 },
  ),
  PROBE_STALE: time('probeStaleMs', 'A probe that is older says nothing any more', {
    min: SECOND_MS,
  }),
  PROBE_REFRESH: time('probeRefreshMs', 'How often a probe that says the same again is written', {
    min: 100,
  }),
  ACTIVITY_INTERVAL: time('activityFlushMs', 'How often what workers did is written', { min: 50 }),
  ANOMALY_INTERVAL: time('judgeEveryMs', 'How often it is judged', { min: 50 }),
} as const;
