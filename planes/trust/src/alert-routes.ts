import { newId, seal } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import {
  type AlertDelivery,
  createAlertWebhook,
  deleteAlertWebhook,
  listAlertDeliveries,
  listAlertWebhooks,
  type OutputOf,
  redeliverAlert,
  rotateAlertWebhook,
  testAlertWebhook,
  updateAlertWebhook,
} from '@sagewai/wire';

import { nameActor } from './auditor.ts';
import { type DeliveryOptions, webhookContext } from './deliver-alerts.ts';
import { type DeliveryRow, listDeliveries, queueAgain, queueAlert } from './deliveries.sql.ts';
import { messageOf } from './raise-alert.ts';
import { newWebhookSecret } from './sign-webhook.ts';
import {
  changeWebhook,
  deleteWebhook,
  insertWebhook,
  listWebhooks,
  rotateSecret,
  type WebhookRow,
} from './webhooks.sql.ts';

const NO_SUCH_WEBHOOK = 'There is no such webhook.';
const DELIVERIES_PER_PAGE = 100;
const WEBHOOKS_MAX = 50;

type AlertOptions = Pick<DeliveryOptions, 'clock' | 'egress' | 'sealing' | 'settings'> & {
  /** Something has been queued: look now. */
  readonly nudge: () => void;
};

/** For the people who are told when something is wrong. */
export function alertRoutes({ clock, egress, sealing, settings, nudge }: AlertOptions): Route[] {
  const makeSecret = (id: string): { secret: string; sealed: string } => {
    const [key] = sealing;
    if (key === undefined) throw new Error('there is no key to seal secrets with');
    const secret = newWebhookSecret();
    return { secret, sealed: seal(key, secret, webhookContext(id)) };
  };
  const checkUrl = (text: string): void => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || url.username !== '' || url.password !== '') {
      throw new Fault('request.invalid', 'the address of a webhook cannot be used', {
        detail: 'url must be an http or https address without a user name.',
      });
    }
    egress.check(url.hostname, Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
  };

  return [
    implement(listAlertWebhooks, async ({ tx, orgId }) => ({
      webhooks: (await listWebhooks(tx, orgId)).map(toWebhook),
    })),

    implement(createAlertWebhook, async ({ tx, orgId, body, caller, audit }) => {
      checkUrl(body.url);
      if ((await listWebhooks(tx, orgId)).length >= WEBHOOKS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many webhooks', {
          detail: `An organization has at most ${WEBHOOKS_MAX} webhooks.`,
        });
      }
      const id = newId();
      const { secret, sealed } = makeSecret(id);
      const row = await insertWebhook(tx, {
        id,
        orgId,
        name: body.name,
        url: body.url,
        eventTypes: body.event_types ?? [],
        sealed,
        createdBy: nameActor(caller),
      });
      audit.about(`webhook:${id}`, { name: body.name, host: new URL(body.url).host });
      return { ...toWebhook(found(row, NO_SUCH_WEBHOOK)), secret };
    }),

    implement(updateAlertWebhook, async ({ tx, params, body, audit }) => {
      if (body.url !== undefined) checkUrl(body.url);
      audit.about(`webhook:${params.webhook_id}`);
      const row = await changeWebhook(tx, {
        id: params.webhook_id,
        name: body.name ?? null,
        url: body.url ?? null,
        eventTypes: body.event_types ?? null,
        enabled: body.enabled ?? null,
      });
      return toWebhook(found(row, NO_SUCH_WEBHOOK));
    }),

    implement(
      deleteAlertWebhook,
      async ({ tx, params, audit }): Promise<OutputOf<typeof deleteAlertWebhook>> => {
        audit.about(`webhook:${params.webhook_id}`);
        found((await deleteWebhook(tx, params.webhook_id)) || null, NO_SUCH_WEBHOOK);
        return { status: 'ok' };
      },
    ),

    implement(rotateAlertWebhook, async ({ tx, params, audit }) => {
      const id = params.webhook_id;
      audit.about(`webhook:${id}`);
      const { secret, sealed } = makeSecret(id);
      const row = await rotateSecret(tx, { id, sealed, overlapMs: settings.secretOverlapMs });
      return { ...toWebhook(found(row, NO_SUCH_WEBHOOK)), secret };
    }),

    implement(testAlertWebhook, async ({ tx, orgId, params, caller, audit }) => {
      const id = params.webhook_id;
      audit.about(`webhook:${id}`);
      const data = { asked_by: nameActor(caller) };
      const message = messageOf({ orgId, type: 'alert.test', at: clock.now(), data });
      const [queued] = await queueAlert(tx, message, id);
      tx.onCommit(nudge);
      return toDelivery(found(queued, NO_SUCH_WEBHOOK));
    }),

    implement(listAlertDeliveries, async ({ tx, params, query }) => {
      const limit = query.limit ?? DELIVERIES_PER_PAGE;
      const rows = await listDeliveries(tx, { webhookId: params.webhook_id, limit });
      return { deliveries: rows.map(toDelivery) };
    }),

    implement(redeliverAlert, async ({ tx, orgId, params, audit }) => {
      const { webhook_id: webhookId, delivery_id: id } = params;
      audit.about(`webhook:${webhookId}`, { delivery_id: id });
      const queued = await queueAgain(tx, { orgId, id, webhookId });
      tx.onCommit(nudge);
      return toDelivery(found(queued, 'There is no such delivery.'));
    }),
  ];
}

const toWebhook = (row: WebhookRow) => ({
  id: row.id,
  name: row.name,
  url: row.url,
  event_types: row.eventTypes,
  created_at: row.createdAt.toISOString(),
  created_by: row.createdBy,
  previous_secret_until: row.previousUntil?.toISOString() ?? null,
  disabled_why: row.disabledWhy,
});

const toDelivery = (row: DeliveryRow): AlertDelivery => ({
  id: row.id,
  webhook_id: row.webhookId,
  message_id: row.messageId,
  event_type: row.eventType,
  state: row.state,
  attempts: row.attempts,
  created_at: row.createdAt.toISOString(),
  next_attempt_at: row.state === 'pending' ? row.dueAt.toISOString() : null,
  ended_at: row.endedAt?.toISOString() ?? null,
  last_status: row.lastStatus,
  last_error: row.lastError,
});
