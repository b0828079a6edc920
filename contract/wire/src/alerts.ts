/** Alerts: what a person should look at, told to webhooks (standardwebhooks.com). */
import { type Static, Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull, textOrNull } from './schemas.ts';
import { name } from './worker.ts';

export const ALERT_TYPES = [
  'worker.anomaly',
  'worker.revoked',
  'worker.locked',
  'queue.unmatchable',
  'run.stalled',
  'budget.exceeded',
  'budget.threshold',
  'budget.unchecked',
  'webhook.disabled',
  'break_glass.used',
  'alert.test',
] as const;
export type AlertType = (typeof ALERT_TYPES)[number];
const alertType = Type.Union([
  Type.Literal('worker.anomaly'),
  Type.Literal('worker.revoked'),
  Type.Literal('worker.locked'),
  Type.Literal('queue.unmatchable'),
  Type.Literal('run.stalled'),
  Type.Literal('budget.exceeded'),
  Type.Literal('budget.threshold'),
  Type.Literal('budget.unchecked'),
  Type.Literal('webhook.disabled'),
  Type.Literal('break_glass.used'),
  Type.Literal('alert.test'),
]);

export const url = Type.String({ minLength: 1, maxLength: 2_048, pattern: '^https?://' });
const eventTypes = Type.Array(alertType, { maxItems: ALERT_TYPES.length });

export const webhook = Type.Object({
  id,
  name: Type.String(),
  url: Type.String(),
  /** Empty: every type. */
  event_types: Type.Array(Type.String()),
  created_at: instant,
  created_by: Type.String(),
  /** Until then the former secret signs as well. */
  previous_secret_until: instantOrNull,
  /** Why nothing is delivered to it any more. */
  disabled_why: textOrNull,
});
const withSecret = Type.Object({
  ...webhook.properties,
  /** `whsec_…`; shown once. */
  secret: Type.String(),
});
export const ofWebhook = Type.Object({ webhook_id: id });

export const alertDelivery = Type.Object({
  id,
  webhook_id: id,
  /** The header `webhook-id`. */
  message_id: Type.String(),
  event_type: Type.String(),
  state: Type.Union([Type.Literal('pending'), Type.Literal('delivered'), Type.Literal('failed')]),
  attempts: Type.Integer(),
  created_at: instant,
  /** When it is tried next; null: not again. */
  next_attempt_at: instantOrNull,
  ended_at: instantOrNull,
  last_status: Type.Union([Type.Integer(), Type.Null()]),
  last_error: textOrNull,
});
export type AlertDelivery = Static<typeof alertDelivery>;

const own = { surface: 'own', permission: 'alert:administer', audit: 'record' } as const;

export const listAlertWebhooks = endpoint({
  id: 'trust.listAlertWebhooks',
  method: 'GET',
  path: '/api/v1/alert-webhooks',
  surface: 'own',
  summary: 'List where alerts go',
  permission: 'alert:read',
  audit: 'read',
  output: Type.Object({ webhooks: Type.Array(webhook) }),
});

export const createAlertWebhook = endpoint({
  ...own,
  id: 'trust.createAlertWebhook',
  method: 'POST',
  path: '/api/v1/alert-webhooks',
  summary: 'Send alerts to an address; its secret is shown once',
  body: Type.Object({ name, url, event_types: Type.Optional(eventTypes) }),
  output: withSecret,
  status: 201,
});

export const updateAlertWebhook = endpoint({
  ...own,
  id: 'trust.updateAlertWebhook',
  method: 'PATCH',
  path: '/api/v1/alert-webhooks/{webhook_id}',
  summary: 'Change a webhook, or let it be delivered to again',
  params: ofWebhook,
  body: Type.Object({
    name: Type.Optional(name),
    url: Type.Optional(url),
    event_types: Type.Optional(eventTypes),
    enabled: Type.Optional(Type.Boolean()),
  }),
  output: webhook,
});

export const deleteAlertWebhook = endpoint({
  ...own,
  id: 'trust.deleteAlertWebhook',
  method: 'DELETE',
  path: '/api/v1/alert-webhooks/{webhook_id}',
  summary: 'Delete a webhook with its deliveries',
  params: ofWebhook,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const rotateAlertWebhook = endpoint({
  ...own,
  id: 'trust.rotateAlertWebhook',
  method: 'POST',
  path: '/api/v1/alert-webhooks/{webhook_id}/rotate',
  summary: 'Make a new secret; the former one signs as well for a day',
  params: ofWebhook,
  output: withSecret,
});

export const testAlertWebhook = endpoint({
  ...own,
  id: 'trust.testAlertWebhook',
  method: 'POST',
  path: '/api/v1/alert-webhooks/{webhook_id}/test',
  summary: 'Send an alert that says it is a test',
  params: ofWebhook,
  output: alertDelivery,
  status: 202,
});

export const listAlertDeliveries = endpoint({
  id: 'trust.listAlertDeliveries',
  method: 'GET',
  path: '/api/v1/alert-webhooks/{webhook_id}/deliveries',
  surface: 'own',
  summary: 'What was sent to a webhook, newest first',
  permission: 'alert:read',
  audit: 'read',
  params: ofWebhook,
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }),
  output: Type.Object({ deliveries: Type.Array(alertDelivery) }),
});

export const redeliverAlert = endpoint({
  ...own,
  id: 'trust.redeliverAlert',
  method: 'POST',
  path: '/api/v1/alert-webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver',
  summary: 'Send a message again, under the same message id',
  params: Type.Object({ webhook_id: id, delivery_id: id }),
  output: alertDelivery,
  status: 202,
});

export const ALERT_ENDPOINTS = [
  listAlertWebhooks,
  createAlertWebhook,
  updateAlertWebhook,
  deleteAlertWebhook,
  rotateAlertWebhook,
  testAlertWebhook,
  listAlertDeliveries,
  redeliverAlert,
] as const;

const alertEmail = Type.Object({
  id,
  event_type: Type.String(),
  to: Type.String(),
  subject: Type.String(),
  state: Type.Union([Type.Literal('pending'), Type.Literal('delivered'), Type.Literal('failed')]),
  attempts: Type.Integer(),
  created_at: instant,
  ended_at: instantOrNull,
  last_error: textOrNull,
});

/** No more than mail servers take, and nothing that could begin a header of its own. */
export const emailAddress = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@<>()\\[\\],;:"\\\\]{1,64}@[A-Za-z0-9.-]{1,190}$',
  description: 'an e-mail address',
});

export const listAlertEmails = endpoint({
  id: 'trust.listAlertEmails',
  method: 'GET',
  path: '/api/v1/alert-emails',
  surface: 'own',
  summary: 'What was sent by e-mail, newest first',
  permission: 'alert:read',
  audit: 'read',
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }),
  output: Type.Object({ emails: Type.Array(alertEmail) }),
});

export const testAlertEmail = endpoint({
  ...own,
  id: 'trust.testAlertEmail',
  method: 'POST',
  path: '/api/v1/alert-emails/test',
  summary: 'Send an e-mail that says it is a test',
  body: Type.Object({ to: emailAddress }),
  output: alertEmail,
  status: 202,
});

export const ALERT_EMAIL_ENDPOINTS = [listAlertEmails, testAlertEmail] as const;
