/** Triggers: what starts runs from outside (webhooks), by asking (pollers) or by the clock (cron). */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, textOrNull } from './schemas.ts';
import {
  cronOptions,
  kind,
  pollerOptions,
  secret,
  trigger,
  triggeredRun,
  webhookOptions,
  withSecret,
} from './trigger-parts.ts';
import { name } from './worker.ts';

export type {
  CronOptions,
  PollerOptions,
  TriggeredRun,
  WebhookOptions,
  WireTrigger,
} from './trigger-parts.ts';

/** Name or id. */
const ofTrigger = Type.Object({ trigger: Type.String({ minLength: 1, maxLength: 100 }) });

const write = { surface: 'own', permission: 'trigger:write', audit: 'record' } as const;
const read = { surface: 'own', permission: 'trigger:read', audit: 'read' } as const;

export const createTrigger = endpoint({
  ...write,
  id: 'triggers.createTrigger',
  method: 'POST',
  path: '/api/v1/triggers',
  summary: 'Start runs by a webhook, by polling, or by the clock',
  body: Type.Object({
    name,
    kind,
    webhook: Type.Optional(webhookOptions),
    poller: Type.Optional(pollerOptions),
    cron: Type.Optional(cronOptions),
    /** Of a webhook that says none, one is made and shown once, unless its sender makes it. */
    secret: Type.Optional(secret),
    filter: Type.Optional(Type.Unknown()),
    run: triggeredRun,
    enabled: Type.Optional(Type.Boolean()),
  }),
  output: withSecret,
  status: 201,
});

export const listTriggers = endpoint({
  ...read,
  id: 'triggers.listTriggers',
  method: 'GET',
  path: '/api/v1/triggers',
  summary: 'List triggers',
  output: Type.Object({ triggers: Type.Array(trigger) }),
});

export const getTrigger = endpoint({
  ...read,
  id: 'triggers.getTrigger',
  method: 'GET',
  path: '/api/v1/triggers/{trigger}',
  summary: 'Read a trigger',
  params: ofTrigger,
  output: trigger,
});

export const updateTrigger = endpoint({
  ...write,
  id: 'triggers.updateTrigger',
  method: 'PATCH',
  path: '/api/v1/triggers/{trigger}',
  summary: 'Change a trigger',
  params: ofTrigger,
  body: Type.Object({
    name: Type.Optional(name),
    webhook: Type.Optional(webhookOptions),
    poller: Type.Optional(pollerOptions),
    cron: Type.Optional(cronOptions),
    /** Of a poller; one with a secret that is to ask another host needs it again. */
    secret: Type.Optional(secret),
    filter: Type.Optional(Type.Unknown()),
    run: Type.Optional(triggeredRun),
  }),
  output: trigger,
});

export const deleteTrigger = endpoint({
  ...write,
  id: 'triggers.deleteTrigger',
  method: 'DELETE',
  path: '/api/v1/triggers/{trigger}',
  summary: 'Delete a trigger and the history of its firings; its runs stay',
  params: ofTrigger,
  output: Type.Object({ id, deleted: Type.Literal(true) }),
});

export const enableTrigger = endpoint({
  ...write,
  id: 'triggers.enableTrigger',
  method: 'PATCH',
  path: '/api/v1/triggers/{trigger}/enable',
  summary: 'Let a trigger start runs again',
  params: ofTrigger,
  output: trigger,
});

export const disableTrigger = endpoint({
  ...write,
  id: 'triggers.disableTrigger',
  method: 'PATCH',
  path: '/api/v1/triggers/{trigger}/disable',
  summary: 'Let a trigger start nothing until it is enabled',
  params: ofTrigger,
  output: trigger,
});

export const rotateTrigger = endpoint({
  ...write,
  id: 'triggers.rotateTrigger',
  method: 'POST',
  path: '/api/v1/triggers/{trigger}/rotate',
  summary: 'Replace the secret of a trigger; the former one is good for a while',
  params: ofTrigger,
  body: Type.Object({
    /** One is made and shown once unless said. */
    secret: Type.Optional(secret),
    /** How long the former one is good; a day unless said, 0: no longer. */
    overlap_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 * 86_400 })),
  }),
  output: withSecret,
});

export const testTrigger = endpoint({
  ...write,
  audit: 'read',
  id: 'triggers.testTrigger',
  method: 'POST',
  path: '/api/v1/triggers/{trigger}/test',
  summary: 'What a sample would do; nothing is started or kept',
  params: ofTrigger,
  body: Type.Object({
    body: Type.Unknown(),
    headers: Type.Optional(Type.Record(Type.String(), Type.String(), { maxProperties: 64 })),
  }),
  output: Type.Object({
    passes: Type.Boolean(),
    /** What would be submitted; null where it does not pass, or cannot be. */
    submission: Type.Unknown(),
    /** Why nothing would be. */
    error: textOrNull,
  }),
});

const firing = Type.Object({
  id,
  fired_at: instant,
  how: Type.Union([
    Type.Literal('started'),
    /** The filter did not let it pass. */
    Type.Literal('filtered'),
    /** What it asked for cannot be; when it comes again, it is tried again. */
    Type.Literal('refused'),
    /** Was there at the first poll. */
    Type.Literal('skipped'),
  ]),
  /** By which a repetition is known. */
  delivery_key: Type.String(),
  /** How often it came again, and started nothing. */
  repeats: Type.Integer(),
  run_id: idOrNull,
  error: textOrNull,
});

export const listTriggerFirings = endpoint({
  ...read,
  id: 'triggers.listTriggerFirings',
  method: 'GET',
  path: '/api/v1/triggers/{trigger}/firings',
  summary: 'What came in by a trigger, and what has become of it, newest first',
  params: ofTrigger,
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) }),
  output: Type.Object({ firings: Type.Array(firing) }),
});

export const WEBHOOK_BYTES_MAX = 1_048_576;

export const receiveWebhook = endpoint({
  id: 'triggers.receiveWebhook',
  method: 'POST',
  path: '/webhooks/{path}',
  surface: 'own',
  summary: 'Take a signed message of somebody else, and start the run that its trigger says',
  permission: 'public',
  audit: 'batch',
  params: Type.Object({ path: Type.String({ minLength: 1, maxLength: 100 }) }),
  query: Type.Object({}, { additionalProperties: true }),
  body: Type.Unknown(),
  bodyType: 'raw',
  bodyBytesMax: WEBHOOK_BYTES_MAX,
  output: Type.Object({
    status: Type.Union([
      Type.Literal('started'),
      Type.Literal('repeated'),
      Type.Literal('filtered'),
      Type.Literal('pong'),
    ]),
    run_id: idOrNull,
  }),
  status: 202,
});

export const TRIGGER_ENDPOINTS = [
  createTrigger,
  listTriggers,
  getTrigger,
  updateTrigger,
  deleteTrigger,
  enableTrigger,
  disableTrigger,
  rotateTrigger,
  testTrigger,
  listTriggerFirings,
  receiveWebhook,
] as const;
