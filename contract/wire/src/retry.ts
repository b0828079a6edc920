import { Type } from 'typebox';

/**
 * What an error is of. `worker_lost` and `timeout` are also said by the server; workers may say others.
 * A failure of no class is an `error`.
 */
export const ERROR_CLASSES = [
  'error',
  'invalid',
  'rate_limited',
  'timeout',
  'unavailable',
  'worker_lost',
] as const;

export const errorClass = Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' });

const DAY_MS = 86_400_000;
const waits = {
  /** At most so many attempts, whatever `max_attempts` of the run says. */
  max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** Before the second attempt. 1,000 unless said. */
  base_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: DAY_MS })),
  /** What each further wait is longer by. 2 unless said. */
  factor: Type.Optional(Type.Number({ minimum: 1, maximum: 100 })),
  /** 300,000 unless said. */
  max_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 7 * DAY_MS })),
  /** A wait is shorter by a random part of up to so much. 0.2 unless said. */
  jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
};

/**
 * When a failed attempt is followed by another. A class that `classes` does not name is tried again if its
 * worker asks for it, or if it is `rate_limited`, `timeout`, `unavailable` or `worker_lost`.
 */
export const retryPolicy = Type.Object({
  ...waits,
  /** `true`: tried again; `false`: final, whatever the worker asks; an object: with other waits. `*`: any other. */
  classes: Type.Optional(
    Type.Record(
      Type.String({ pattern: '^(\\*|[a-z][a-z0-9_]{0,39})$' }),
      Type.Union([Type.Boolean(), Type.Object(waits)]),
      { maxProperties: 20, additionalProperties: false },
    ),
  ),
});
