import type { Clock } from '@sagewai/clock';
import { open, type SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { Counter } from '@sagewai/telemetry';
import type { OrganizationId } from '@sagewai/wire';

import { decideDelivery } from './decide-delivery.ts';
import {
  findDue,
  forgetDeliveries,
  type Outgoing,
  planNext,
  recordAttempt,
  takeDue,
} from './deliveries.sql.ts';
import type { TrustSettings } from './settings.ts';
import { signWebhook } from './sign-webhook.ts';
import { disableWebhook } from './webhooks.sql.ts';

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
  const { status, error } = await send(options, outgoing);
  const end = decideDelivery({ status, attempts }, settings.deliveryRetryMs, Math.random());
  deliveries.add({ outcome: end.kind });
  await inTenant(db, [orgId], async (tx) => {
    const how =
      end.kind === 'again'
        ? { againAfterMs: end.afterMs }
        : end.kind === 'delivered'
          ? ('delivered' as const)
          : ('failed' as const);
    await recordAttempt(tx, { id, status, error, end: how });
    if (end.kind === 'gone') await disableWebhook(tx, webhookId, 'the receiver answered 410');
  });
}

/** Never throws: what went wrong is what is recorded. */
async function send(
  { clock, egress, sealing }: DeliveryOptions,
  { webhookId, messageId, body, url, sealed, previousSealed }: Outgoing,
): Promise<{ status: number | null; error: string | null }> {
  const secrets: string[] = [];
  for (const text of [sealed, previousSealed]) {
    if (text === null) continue;
    const opened = open(sealing, text, webhookContext(webhookId));
    if (opened.kind === 'opened') secrets.push(opened.data.toString('utf8'));
  }
  if (secrets.length === 0) return { status: null, error: 'its secret cannot be opened' };
  try {
    const headers = signWebhook({ id: messageId, at: clock.now(), body }, secrets);
    const answer = await egress.post(url, { headers, body });
    const isFine = answer.status >= 200 && answer.status < 300;
    return { status: answer.status, error: isFine ? null : answer.text.slice(0, ERROR_LENGTH_MAX) };
  } catch (thrown) {
    return { status: null, error: explain(thrown).slice(0, ERROR_LENGTH_MAX) };
  }
}

/** For an administrator of the organization: nothing of the inside. */
export function explain(thrown: unknown): string {
  if (thrown instanceof Fault) return thrown.detail ?? thrown.message;
  if (!(thrown instanceof Error)) return 'it could not be sent';
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.message;
}
