import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import {
  createWebhook,
  deleteWebhook,
  EVENT_KINDS,
  EVENT_VERSION,
  getDelivery,
  isEventPattern,
  listDeliveries,
  listEventTypes,
  listWebhooks,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  readsTheLog,
  redeliver,
  rotateWebhook,
  testWebhook,
  updateWebhook,
} from '@sagewai/wire';

import { toDelivery, toWebhook } from './alert-routes.ts';
import { nameActor } from './auditor.ts';
import type { DeliveryOptions } from './deliver-alerts.ts';
import {
  listDeliveries as readDeliveries,
  queueAlert,
  queueMatching,
  readDelivery,
} from './deliveries.sql.ts';
import { messageOf } from './raise-alert.ts';
import { startRelay } from './relay.sql.ts';
import { demandWebhookUrl, sealNewSecret } from './webhook-parts.ts';
import {
  changeWebhook,
  deleteWebhook as remove,
  findWebhook,
  insertWebhook,
  listWebhooks as readWebhooks,
  rotateSecret,
  type WebhookRow,
} from './webhooks.sql.ts';

const NONE = 'There is no such webhook.';
const DELIVERIES = 100;
const WEBHOOKS_MAX = 50;
const REDELIVERED_MAX = 10_000;

type WebhookOptions = Pick<DeliveryOptions, 'clock' | 'egress' | 'sealing' | 'settings'> & {
  readonly nudge: () => void;
  /** The one project of a caller's credential; null: all of its organization. */
  readonly boundProject: (caller: Caller) => ProjectId | null;
};

interface Within {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** For whoever wants to be told what happens. */
export function webhookRoutes(options: WebhookOptions): Route[] {
  const { clock, egress, sealing, settings, nudge, boundProject } = options;
  const isSeen = (caller: Caller, { projectId }: WebhookRow): boolean => {
    const bound = boundProject(caller);
    return bound === null || projectId === bound;
  };
  const demand = async ({ tx, orgId, caller }: Within, id: string): Promise<WebhookRow> => {
    const row = await findWebhook(tx, orgId, id);
    return found(row !== null && isSeen(caller, row) ? row : null, NONE);
  };

  return [
    implement(listWebhooks, async ({ tx, orgId, caller }) => ({
      webhooks: (await readWebhooks(tx, orgId)).filter((row) => isSeen(caller, row)).map(toWire),
    })),

    implement(createWebhook, async ({ tx, orgId, body, caller, audit }) => {
      demandWebhookUrl(egress, body.url);
      demandEvents(body.events);
      if ((await readWebhooks(tx, orgId)).length >= WEBHOOKS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many webhooks', {
          detail: `An organization has at most ${WEBHOOKS_MAX} webhooks.`,
        });
      }
      const bound = boundProject(caller);
      const asked = (body.project_id ?? bound) as ProjectId | null;
      const id = newId();
      const { secret, sealed } = sealNewSecret(sealing, id);
      const row =
        bound !== null && asked !== bound
          ? null
          : await insertWebhook(tx, {
              id,
              orgId,
              name: body.name,
              url: body.url,
              eventTypes: body.events,
              sealed,
              createdBy: nameActor(caller),
              projectId: asked,
            });
      const made = found(row, 'There is no such project.', 'project.missing');
      audit.about(`webhook:${id}`, { name: body.name, host: new URL(body.url).host });
      if (readsTheLog(body.events)) await startRelay(tx, orgId);
      return { ...toWire(made), secret };
    }),

    implement(updateWebhook, async ({ tx, orgId, caller, params, body, audit }) => {
      const { id, eventTypes } = await demand({ tx, orgId, caller }, params.webhook_id);
      if (body.url !== undefined) demandWebhookUrl(egress, body.url);
      if (body.events !== undefined) demandEvents(body.events);
      audit.about(`webhook:${id}`);
      const row = await changeWebhook(tx, {
        id,
        name: body.name ?? null,
        url: body.url ?? null,
        eventTypes: body.events ?? null,
        enabled: body.enabled ?? null,
      });
      if (readsTheLog(body.events ?? eventTypes)) await startRelay(tx, orgId);
      return toWire(found(row, NONE));
    }),

    implement(
      deleteWebhook,
      async ({ tx, orgId, caller, params, audit }): Promise<OutputOf<typeof deleteWebhook>> => {
        const { id } = await demand({ tx, orgId, caller }, params.webhook_id);
        audit.about(`webhook:${id}`);
        await remove(tx, id);
        return { status: 'ok' };
      },
    ),

    implement(rotateWebhook, async ({ tx, orgId, caller, params, audit }) => {
      const { id } = await demand({ tx, orgId, caller }, params.webhook_id);
      audit.about(`webhook:${id}`);
      const { secret, sealed } = sealNewSecret(sealing, id);
      const row = await rotateSecret(tx, { id, sealed, overlapMs: settings.secretOverlapMs });
      return { ...toWire(found(row, NONE)), secret };
    }),

    implement(testWebhook, async ({ tx, orgId, params, caller, audit }) => {
      const { id } = await demand({ tx, orgId, caller }, params.webhook_id);
      audit.about(`webhook:${id}`);
      const data = { asked_by: nameActor(caller) };
      const message = messageOf({ orgId, type: 'alert.test', at: clock.now(), data });
      const [queued] = await queueAlert(tx, message, id);
      tx.onCommit(nudge);
      return toDelivery(found(queued, NONE));
    }),

    implement(listDeliveries, async ({ tx, orgId, caller, params, query }) => {
      const { id: webhookId } = await demand({ tx, orgId, caller }, params.webhook_id);
      const limit = query.limit ?? DELIVERIES;
      const rows = await readDeliveries(tx, { ...filterOf(query), webhookId, limit });
      return { deliveries: rows.map(toDelivery) };
    }),

    implement(getDelivery, async ({ tx, orgId, caller, params }) => {
      const { id: webhookId } = await demand({ tx, orgId, caller }, params.webhook_id);
      const read = await readDelivery(tx, { webhookId, id: params.delivery_id });
      const { row, body, log } = found(read, 'There is no such delivery.');
      return {
        ...toDelivery(row),
        body,
        log: log.map(({ at, tookMs, ...attempt }) => ({
          ...attempt,
          at: at.toISOString(),
          took_ms: tookMs,
        })),
      };
    }),

    implement(redeliver, async ({ tx, orgId, caller, params, body, audit }) => {
      const { id: webhookId } = await demand({ tx, orgId, caller }, params.webhook_id);
      const filter = { ...filterOf(body), id: body.delivery_id };
      const queued = await queueMatching(tx, {
        ...filter,
        orgId,
        webhookId,
        limit: REDELIVERED_MAX,
      });
      audit.about(`webhook:${webhookId}`, { queued });
      tx.onCommit(nudge);
      return { queued };
    }),

    implement(listEventTypes, () =>
      Promise.resolve({
        version: EVENT_VERSION,
        events: EVENT_KINDS.map(({ type, data }) => ({ type, data: [...data] })),
      }),
    ),
  ];
}

const filterOf = (asked: {
  readonly state?: 'pending' | 'delivered' | 'failed';
  readonly event_type?: string;
  readonly since?: string;
  readonly until?: string;
}) => ({
  state: asked.state,
  eventType: asked.event_type,
  since: asked.since,
  until: asked.until,
});

const toWire = (row: WebhookRow) => ({
  ...toWebhook(row),
  project_id: row.projectId,
  failing_since: row.failingSince?.toISOString() ?? null,
});

function demandEvents(events: readonly string[]): void {
  const mistakes = events.flatMap((pattern, at) =>
    isEventPattern(pattern)
      ? []
      : [{ part: 'body' as const, path: `/events/${at}`, message: `${pattern} is no event` }],
  );
  if (mistakes.length === 0) return;
  throw new Fault('request.invalid', 'a webhook asks for what never happens', {
    detail: `${mistakes.map(({ message }) => message).join('; ')}: see GET /api/v1/webhook-events.`,
    mistakes,
  });
}
