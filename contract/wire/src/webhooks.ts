/** Webhooks: what happened, told to addresses (standardwebhooks.com). Alerts are some of it. */
import { Type } from 'typebox';

import { alertDelivery, ofWebhook, url, webhook as alertWebhook } from './alerts.ts';
import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { name } from './worker.ts';

/** Types, or the beginning of types with `*`: `run.failed`, `run.*`, `audit.gateway.*`, `*`. */
const events = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
  minItems: 1,
  maxItems: 50,
});

const webhook = Type.Object({
  ...alertWebhook.properties,
  /** Null: of the whole organization. */
  project_id: idOrNull,
  /** Since when nothing has arrived; null: it works. */
  failing_since: instantOrNull,
});
const withSecret = Type.Object({ ...webhook.properties, secret: Type.String() });

const state = Type.Union([
  Type.Literal('pending'),
  Type.Literal('delivered'),
  Type.Literal('failed'),
]);

const own = { surface: 'own', permission: 'alert:administer', audit: 'record' } as const;
const read = { surface: 'own', permission: 'alert:read', audit: 'read' } as const;

export const listWebhooks = endpoint({
  ...read,
  id: 'webhooks.listWebhooks',
  method: 'GET',
  path: '/api/v1/webhooks',
  summary: 'List who is told what',
  output: Type.Object({ webhooks: Type.Array(webhook) }),
});

export const createWebhook = endpoint({
  ...own,
  id: 'webhooks.createWebhook',
  method: 'POST',
  path: '/api/v1/webhooks',
  summary: 'Tell an address what happens; its secret is shown once',
  body: Type.Object({ name, url, events, project_id: Type.Optional(id) }),
  output: withSecret,
  status: 201,
});

export const updateWebhook = endpoint({
  ...own,
  id: 'webhooks.updateWebhook',
  method: 'PATCH',
  path: '/api/v1/webhooks/{webhook_id}',
  summary: 'Change a webhook, or let it be told again',
  params: ofWebhook,
  body: Type.Object({
    name: Type.Optional(name),
    url: Type.Optional(url),
    events: Type.Optional(events),
    enabled: Type.Optional(Type.Boolean()),
  }),
  output: webhook,
});

export const deleteWebhook = endpoint({
  ...own,
  id: 'webhooks.deleteWebhook',
  method: 'DELETE',
  path: '/api/v1/webhooks/{webhook_id}',
  summary: 'Delete a webhook with its deliveries',
  params: ofWebhook,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const rotateWebhook = endpoint({
  ...own,
  id: 'webhooks.rotateWebhook',
  method: 'POST',
  path: '/api/v1/webhooks/{webhook_id}/rotate',
  summary: 'Make a new secret; the former one signs as well for a day',
  params: ofWebhook,
  output: withSecret,
});

export const testWebhook = endpoint({
  ...own,
  id: 'webhooks.testWebhook',
  method: 'POST',
  path: '/api/v1/webhooks/{webhook_id}/test',
  summary: 'Send a message that says it is a test',
  params: ofWebhook,
  output: alertDelivery,
  status: 202,
});

const filters = {
  state: Type.Optional(state),
  event_type: Type.Optional(Type.String({ maxLength: 100 })),
  since: Type.Optional(instant),
  until: Type.Optional(instant),
};

export const listDeliveries = endpoint({
  ...read,
  id: 'webhooks.listDeliveries',
  method: 'GET',
  path: '/api/v1/webhooks/{webhook_id}/deliveries',
  summary: 'What was sent to a webhook, newest first',
  params: ofWebhook,
  query: Type.Object({
    ...filters,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  }),
  output: Type.Object({ deliveries: Type.Array(alertDelivery) }),
});

export const getDelivery = endpoint({
  ...read,
  id: 'webhooks.getDelivery',
  method: 'GET',
  path: '/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}',
  summary: 'A message, and what became of each attempt',
  params: Type.Object({ webhook_id: id, delivery_id: id }),
  output: Type.Object({
    ...alertDelivery.properties,
    /** As it was signed. */
    body: Type.String(),
    log: Type.Array(
      Type.Object({
        at: instant,
        took_ms: Type.Integer(),
        status: orNull(Type.Integer()),
        error: textOrNull,
        /** The beginning of what was answered. */
        answer: textOrNull,
      }),
    ),
  }),
});

export const redeliver = endpoint({
  ...own,
  id: 'webhooks.redeliver',
  method: 'POST',
  path: '/api/v1/webhooks/{webhook_id}/redeliver',
  summary: 'Send messages that are over again, each under its own id',
  params: ofWebhook,
  body: Type.Object({ ...filters, delivery_id: Type.Optional(id) }),
  output: Type.Object({ queued: Type.Integer() }),
  status: 202,
});

export const listEventTypes = endpoint({
  ...read,
  id: 'webhooks.listEventTypes',
  method: 'GET',
  path: '/api/v1/webhook-events',
  summary: 'What a webhook can be told, and with which fields',
  output: Type.Object({
    version: Type.Integer(),
    events: Type.Array(Type.Object({ type: Type.String(), data: Type.Array(Type.String()) })),
  }),
});

export const WEBHOOK_ENDPOINTS = [
  listWebhooks,
  createWebhook,
  updateWebhook,
  deleteWebhook,
  rotateWebhook,
  testWebhook,
  listDeliveries,
  getDelivery,
  redeliver,
  listEventTypes,
] as const;
