import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route, type TenantInput } from '@sagewai/http';
import {
  type AlertDelivery,
  createAlertWebhook,
  deleteAlertWebhook,
  listAlertDeliveries,
  listAlertWebhooks,
  type OutputOf,
  type ProjectId,
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
  findWebhook,
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
  /** The one project of a caller's credential; null: all of its organization. */
  readonly boundProject: (caller: Caller) => ProjectId | null;
};

type Within = Pick<TenantInput, 'tx' | 'orgId' | 'caller'>;

/**
 * For the people who are told when something is wrong. Alerts are the organization's (T12): a credential of a
 * project sees of webhooks what is its project's, and directs none of the others.
 */
export function alertRoutes({
  clock,
  egress,
  sealing,
  settings,
  nudge,
  boundProject,
}: AlertOptions): Route[] {
  const isSeen = (caller: Caller, { projectId }: WebhookRow): boolean => {
    const bound = boundProject(caller);
    return bound === null || projectId === bound;
  };
  const demand = async ({ tx, orgId, caller }: Within, id: string): Promise<string> => {
    const row = await findWebhook(tx, orgId, id);
    return found(row !== null && isSeen(caller, row) ? row : null, NO_SUCH_WEBHOOK).id;
  };
  const makeSecret = (id: string) => sealNewSecret(sealing, id);
  const checkUrl = (text: string): void => demandWebhookUrl(egress, text);

  return [
    implement(listAlertWebhooks, async ({ tx, orgId, caller }) => ({
      webhooks: (await listWebhooks(tx, orgId))
        .filter((row) => isOfAlerts(row) && isSeen(caller, row))
        .map(toWebhook),
    })),

    implement(createAlertWebhook, async ({ tx, orgId, body, caller, audit }) => {
      demandWhole(boundProject(caller));
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

    implement(updateAlertWebhook, async ({ params, body, audit, ...within }) => {
      const { tx } = within;
      const id = await demand(within, params.webhook_id);
      if (body.url !== undefined) checkUrl(body.url);
      audit.about(`webhook:${id}`);
      const row = await changeWebhook(tx, {
        id,
        name: body.name ?? null,
        url: body.url ?? null,
        eventTypes: body.event_types ?? null,
        enabled: body.enabled ?? null,
      });
      return toWebhook(found(row, NO_SUCH_WEBHOOK));
    }),

    implement(
      deleteAlertWebhook,
      async ({ params, audit, ...within }): Promise<OutputOf<typeof deleteAlertWebhook>> => {
        const id = await demand(within, params.webhook_id);
        audit.about(`webhook:${id}`);
        found((await deleteWebhook(within.tx, id)) || null, NO_SUCH_WEBHOOK);
        return { status: 'ok' };
      },
    ),

    implement(rotateAlertWebhook, async ({ params, audit, ...within }) => {
      const { tx } = within;
      const id = await demand(within, params.webhook_id);
      audit.about(`webhook:${id}`);
      const { secret, sealed } = makeSecret(id);
      const row = await rotateSecret(tx, { id, sealed, overlapMs: settings.secretOverlapMs });
      return { ...toWebhook(found(row, NO_SUCH_WEBHOOK)), secret };
    }),

    implement(testAlertWebhook, async ({ params, audit, ...within }) => {
      const { tx, orgId, caller } = within;
      const id = await demand(within, params.webhook_id);
      audit.about(`webhook:${id}`);
      const data = { asked_by: nameActor(caller) };
      const message = messageOf({ orgId, type: 'alert.test', at: clock.now(), data });
      const [queued] = await queueAlert(tx, message, id);
      tx.onCommit(nudge);
      return toDelivery(found(queued, NO_SUCH_WEBHOOK));
    }),

    implement(listAlertDeliveries, async ({ params, query, ...within }) => {
      const webhookId = await demand(within, params.webhook_id);
      const limit = query.limit ?? DELIVERIES_PER_PAGE;
      const rows = await listDeliveries(within.tx, { webhookId, limit });
      return { deliveries: rows.map(toDelivery) };
    }),

    implement(redeliverAlert, async ({ params, audit, ...within }) => {
      const { tx, orgId } = within;
      const webhookId = await demand(within, params.webhook_id);
      const { delivery_id: id } = params;
      audit.about(`webhook:${webhookId}`, { delivery_id: id });
      const queued = await queueAgain(tx, { orgId, id, webhookId });
      tx.onCommit(nudge);
      return toDelivery(found(queued, 'There is no such delivery.'));
    }),
  ];
}

/** Alerts tell of all projects. */
export function demandWhole(bound: ProjectId | null): void {
  if (bound === null) return;
  throw new Fault('caller.forbidden', 'alerts are asked for by a credential of a project', {
    detail:
      'Alerts are the organization’s: ask with a credential of it. `sagewai webhooks` tells of one project’s runs.',
  });
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
