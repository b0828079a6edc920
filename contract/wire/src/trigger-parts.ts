/** What triggers are made of. */
import { type Static, Type } from 'typebox';

import { cron as cronText, scheduleOptions, timeZone } from './schedules.ts';
import { id, idOrNull, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';

export const kind = Type.Union([
  Type.Literal('webhook'),
  Type.Literal('poller'),
  Type.Literal('cron'),
]);

const pointer = Type.String({ maxLength: 500, pattern: '^(/[^\\u0000]*)?$' });
const header = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
});

export const webhookOptions = Type.Object({
  scheme: Type.Union([
    /** standardwebhooks.com; what Sagewai itself sends. */
    Type.Literal('standard'),
    Type.Literal('github'),
    Type.Literal('stripe'),
    Type.Literal('slack'),
    /** A header that holds an HMAC of the body. */
    Type.Literal('hmac'),
    /** `Authorization: Bearer <secret>`: no signature, for senders that can do no better. */
    Type.Literal('bearer'),
  ]),
  /** With `hmac`: which header. */
  header: Type.Optional(header),
  /** With `hmac`: `sha256` unless said. */
  algorithm: Type.Optional(
    Type.Union([Type.Literal('sha1'), Type.Literal('sha256'), Type.Literal('sha512')]),
  ),
  /** With `hmac`: `hex` unless said. */
  encoding: Type.Optional(Type.Union([Type.Literal('hex'), Type.Literal('base64')])),
  /** With `hmac`: what stands before the signature in the header, such as `sha256=`. */
  prefix: Type.Optional(Type.String({ maxLength: 50 })),
  /** With `standard`, `stripe` and `slack`: how far their timestamp may be from now. 300 unless said. */
  tolerance_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600 })),
  /**
   * Where the body says which delivery it is (a JSON pointer), for `hmac` and `bearer`. Unless said, the same
   * body is the same delivery.
   */
  delivery_id: Type.Optional(pointer),
  /** Verified deliveries a minute. 120 unless said. */
  per_minute: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000 })),
});
export type WebhookOptions = Static<typeof webhookOptions>;

export const pollerOptions = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 2_048, pattern: '^https?://' }),
  every_seconds: Type.Integer({ minimum: 10, maximum: 86_400 }),
  /** Where the items stand: a JSON pointer to an array. The whole answer unless said. */
  items: Type.Optional(pointer),
  /** Where an item says which it is: a JSON pointer into it. `/id` unless said. */
  item_key: Type.Optional(pointer),
  /** What the items that are there at the first poll do: nothing (`skip`), unless said. */
  first_poll: Type.Optional(Type.Union([Type.Literal('skip'), Type.Literal('start')])),
  /** The header that carries the secret, where there is one; `authorization` unless said, as `Bearer <secret>`. */
  header: Type.Optional(header),
});
export type PollerOptions = Static<typeof pollerOptions>;

export const cronOptions = Type.Object({
  cron: cronText,
  time_zone: Type.Optional(timeZone),
  ...scheduleOptions,
});
export type CronOptions = Static<typeof cronOptions>;

const template = Type.String({ maxLength: 2_000 });
const numberOrTemplate = Type.Union([Type.Number(), template]);

/** What is submitted: any text in it may hold `{{…}}`, which takes its place from what came in. */
export const triggeredRun = Type.Object({
  payload: Type.Object({}, { additionalProperties: true }),
  pool: Type.Optional(template),
  model: Type.Optional(template),
  labels: Type.Optional(
    Type.Record(Type.String({ maxLength: 100 }), template, { maxProperties: 32 }),
  ),
  priority: Type.Optional(numberOrTemplate),
  max_attempts: Type.Optional(numberOrTemplate),
  timeout_seconds: Type.Optional(numberOrTemplate),
  delay_seconds: Type.Optional(numberOrTemplate),
  concurrency: Type.Optional(Type.Object({ key: template, limit: numberOrTemplate })),
  idempotency_key: Type.Optional(template),
});
export type TriggeredRun = Static<typeof triggeredRun>;

/** Shown never; `null`: there is none any more. */
export const secret = Type.String({ minLength: 8, maxLength: 500, pattern: '^[\\x21-\\x7e]+$' });

export const trigger = Type.Object({
  id,
  name: Type.String(),
  kind,
  project_id: id,
  enabled: Type.Boolean(),
  webhook: orNull(webhookOptions),
  poller: orNull(pollerOptions),
  cron: orNull(cronOptions),
  /** JsonLogic; null: everything passes. */
  filter: Type.Unknown(),
  run: Type.Unknown(),
  /** Where a webhook's sender sends it; null: it is none. */
  path: textOrNull,
  /** A cron trigger's schedule. */
  schedule_id: idOrNull,
  has_secret: Type.Boolean(),
  /** Until then the former secret is good as well. */
  previous_secret_until: instantOrNull,
  /** A poller's last poll, and what was wrong with it. */
  last_poll: orNull(
    Type.Object({
      at: instant,
      status: orNull(Type.Integer()),
      error: textOrNull,
      next_at: instantOrNull,
    }),
  ),
  created_by: Type.String(),
  created_at: instant,
});
export type WireTrigger = Static<typeof trigger>;
export const withSecret = Type.Object({
  ...trigger.properties,
  /** Shown once, where it was made here. */
  secret: textOrNull,
});
