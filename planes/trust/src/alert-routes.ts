import { newId } from '@sagewai/crypto';
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
  readsTheLog,
  rotateAlertWebhook,
  testAlertWebhook,
  updateAlertWebhook,
} from '@sagewai/wire';

import { nameActor } from './auditor.ts';
import type { DeliveryOptions } from './deliver-alerts.ts';
import { type DeliveryRow, listDeliveries, queueAgain, queueAlert } from './deliveries.sql.ts';
import { messageOf } from './raise-alert.ts';
import { demandWebhookUrl, sealNewSecret } from './webhook-parts.ts';
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
  const makeSecret = (id: string) => sealNewSecret(sealing, id);
  const checkUrl = (text: string): void => demandWebhookUrl(egress, text);

  return [
    implement(listAlertWebhooks, async ({ tx, orgId }) => ({
      webhooks: (await listWebhooks(tx, orgId)).filter(isOfAlerts).map(toWebhook),
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

/** Those of events are listed with them, elsewhere. */
const isOfAlerts = ({ eventTypes }: WebhookRow): boolean => !readsTheLog(eventTypes);

export const toWebhook = (
  row: WebhookRow,
): OutputOf<typeof listAlertWebhooks>['webhooks'][number] => ({
  id: row.id,
  name: row.name,
  url: row.url,
  event_types: row.eventTypes,
  created_at: row.createdAt.toISOString(),
  created_by: row.createdBy,
  previous_secret_until: row.previousUntil?.toISOString() ?? null,
  disabled_why: row.disabledWhy,
});

export const toDelivery = (row: DeliveryRow): AlertDelivery => ({
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
