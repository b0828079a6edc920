import type { Clock } from '@sagewai/clock';
import { open, type SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';
import type { Log } from '@sagewai/log';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { Counter } from '@sagewai/telemetry';
import type { OrganizationId } from '@sagewai/wire';

import { decideDelivery } from './decide-delivery.ts';
import {
  findDue,
  forgetDeliveries,
  type Outgoing,
  planNext,
  queueAlert,
  recordAttempt,
  takeDue,
} from './deliveries.sql.ts';
import { appendAudit } from './entries.sql.ts';
import { messageOf } from './raise-alert.ts';
import type { TrustSettings } from './settings.ts';
import { signWebhook } from './sign-webhook.ts';
import { disableWebhook, failWaiting, noteFailing, noteReached } from './webhooks.sql.ts';

export interface DeliveryOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly egress: PublicEgress;
  readonly sealing: readonly SealingKey[];
  readonly settings: TrustSettings;
  readonly deliveries: Counter<'outcome'>;
}

const ORGANIZATIONS_PER_ROUND = 100;
const DELIVERIES_PER_ROUND = 50;
const ERROR_LENGTH_MAX = 500;

export const webhookContext = (id: string): string => `alert-webhook/${id}`;

/** One round: sends what is due, each organization by itself. Several replicas may do it at once. */
export async function deliverAlerts(options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { db } = options;
  for (const orgId of await findDue(db, 'alerts', ORGANIZATIONS_PER_ROUND)) {
    if (signal.aborted) return;
    await deliverFor(options, orgId);
  }
}

async function deliverFor(options: DeliveryOptions, orgId: OrganizationId): Promise<void> {
  const { db, settings } = options;
  // The network is not waited for in a transaction: what is taken comes back by itself after `holdMs`.
  const take = { holdMs: settings.sendTimeoutMs * 3, limit: DELIVERIES_PER_ROUND };
  const due = await inTenant(db, [orgId], (tx) => takeDue(tx, take));
  await Promise.all(due.map((outgoing) => deliver(options, orgId, outgoing)));
  await inTenant(db, [orgId], async (tx) => {
    await forgetDeliveries(tx, settings.deliveriesKeptMs);
    await planNext(tx, orgId);
  });
}

async function deliver(
  options: DeliveryOptions,
  orgId: OrganizationId,
  outgoing: Outgoing,
): Promise<void> {
  const { db, settings, deliveries } = options;
  const { id, webhookId, attempts } = outgoing;
  const startedMs = options.clock.monotonicMs();
  const { status, error, answer } = await send(options, outgoing);
  const tookMs = Math.round(options.clock.monotonicMs() - startedMs);
  const end = decideDelivery({ status, attempts }, settings.deliveryRetryMs, Math.random());
  deliveries.add({ outcome: end.kind });
  await inTenant(db, [orgId], async (tx) => {
    const how =
      end.kind === 'again'
        ? { againAfterMs: end.afterMs }
        : end.kind === 'delivered'
          ? ('delivered' as const)
          : ('failed' as const);
    // The webhook's row before those of its messages, as whoever ends it by hand takes them.
    const isEnded = await noteEnd(options, tx, { orgId, webhookId, kind: end.kind });
    await recordAttempt(tx, { id, status, error, tookMs, answer, end: how });
    if (isEnded) await failWaiting(tx, webhookId);
  });
}

/** What an attempt says of its webhook; true: it has ended. */
async function noteEnd(
  options: DeliveryOptions,
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly webhookId: string;
    readonly kind: ReturnType<typeof decideDelivery>['kind'];
  },
): Promise<boolean> {
  const { webhookId, kind } = of;
  if (kind === 'delivered') {
    await noteReached(tx, webhookId);
    return false;
  }
  if (kind !== 'gone') return judgeFailing(options, tx, of);
  await disableWebhook(tx, webhookId, 'the receiver answered 410');
  return true;
}

/** T11. A webhook that nothing reaches for days is told no more, and the others are told that. */
async function judgeFailing(
  { clock, settings }: DeliveryOptions,
  tx: Tx,
  { orgId, webhookId }: { readonly orgId: OrganizationId; readonly webhookId: string },
): Promise<boolean> {
  const failing = { id: webhookId, failingMsMax: settings.failingMsMax };
  if (!(await noteFailing(tx, failing))) return false;
  const data = { webhook_id: webhookId, failing_ms: settings.failingMsMax };
  await queueAlert(tx, messageOf({ orgId, type: 'webhook.disabled', at: clock.now(), data }));
  await appendAudit(tx, {
    orgId,
    actor: 'trust',
    action: 'webhook.disabled',
    subject: `webhook:${webhookId}`,
    outcome: 'ok',
    requestId: '',
    details: {},
  });
  return true;
}

/** Never throws: what went wrong is what is recorded. */
async function send(
  { clock, egress, sealing }: DeliveryOptions,
  { webhookId, messageId, body, url, sealed, previousSealed }: Outgoing,
): Promise<{ status: number | null; error: string | null; answer: string | null }> {
  const secrets: string[] = [];
  for (const text of [sealed, previousSealed]) {
    if (text === null) continue;
    const opened = open(sealing, text, webhookContext(webhookId));
    if (opened.kind === 'opened') secrets.push(opened.data.toString('utf8'));
  }
  if (secrets.length === 0) {
    return { status: null, error: 'its secret cannot be opened', answer: null };
  }
  try {
    const headers = signWebhook({ id: messageId, at: clock.now(), body }, secrets);
    const { status, text } = await egress.post(url, { headers, body });
    const isFine = status >= 200 && status < 300;
    // PostgreSQL keeps no U+0000 in text.
    const answer = text.replaceAll('\u0000', '').slice(0, ERROR_LENGTH_MAX);
    return { status, error: isFine ? null : answer, answer };
  } catch (thrown) {
    return { status: null, error: explain(thrown).slice(0, ERROR_LENGTH_MAX), answer: null };
  }
}

/** For an administrator of the organization: nothing of the inside. */
export function explain(thrown: unknown): string {
  if (thrown instanceof Fault) return thrown.detail ?? thrown.message;
  if (!(thrown instanceof Error)) return 'it could not be sent';
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.message;
}
