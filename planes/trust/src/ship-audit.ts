import type { Clock } from '@sagewai/clock';
import { open, type SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import { type Db, inTenant } from '@sagewai/postgres';
import type { Counter } from '@sagewai/telemetry';
import { type ChainEntry, formatEntry, type OrganizationId } from '@sagewai/wire';

import {
  planShipping,
  recordFailed,
  recordIdle,
  recordShipped,
  type TakenSink,
  takeSinks,
} from './audit-sinks.sql.ts';
import { decideShipment, type Shipment } from './decide-shipment.ts';
import { explain } from './deliver-alerts.ts';
import { findDue } from './deliveries.sql.ts';
import { readEntries } from './entries.sql.ts';
import { formatSyslog } from './format-syslog.ts';
import { sendSyslog } from './send-syslog.ts';
import type { TrustSettings } from './settings.ts';
import { signWebhook } from './sign-webhook.ts';

export interface ShippingOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly egress: PublicEgress;
  readonly sealing: readonly SealingKey[];
  readonly settings: TrustSettings;
  readonly shipments: Counter<'outcome'>;
  /** Told of each sink how many entries it has not got. */
  readonly onLag: (sink: string, entries: number) => void;
}

const ORGANIZATIONS_PER_ROUND = 100;
/** Of one organization in one round: others have their turn. */
const BATCHES_PER_ROUND = 20;
const ERROR_LENGTH_MAX = 500;

export const sinkContext = (id: string): string => `audit-sink/${id}`;

/** One round: every sink that is due gets its next batches, one after the other. */
export async function shipAudit(options: ShippingOptions, signal: AbortSignal): Promise<void> {
  const due = await findDue(options.db, 'audit', ORGANIZATIONS_PER_ROUND);
  await Promise.all(due.map((orgId) => shipFor(options, orgId, signal)));
}

async function shipFor(
  options: ShippingOptions,
  orgId: OrganizationId,
  signal: AbortSignal,
): Promise<void> {
  const { db, settings } = options;
  const take = { orgId, holdMs: settings.sendTimeoutMs * 3, batch: settings.shipBatch };
  for (let round = 0; round < BATCHES_PER_ROUND && !signal.aborted; round += 1) {
    const taken = await inTenant(db, [orgId], (tx) => takeSinks(tx, take));
    if (taken.length === 0) break;
    await Promise.all(taken.map((sink) => shipTo(options, orgId, sink)));
  }
  await inTenant(db, [orgId], (tx) => planShipping(tx, orgId));
}

async function shipTo(
  options: ShippingOptions,
  orgId: OrganizationId,
  sink: TakenSink,
): Promise<void> {
  const { db, settings, shipments, onLag } = options;
  const { id, cursor: from, batchEnd: to, head } = sink;
  if (to === null) {
    await inTenant(db, [orgId], (tx) => recordIdle(tx, { id, nextMs: settings.shipEveryMs }));
    onLag(id, 0);
    return;
  }
  const entries = await inTenant(db, [orgId], (tx) =>
    readEntries(tx, { orgId, order: 'oldest', cursor: String(from), limit: to - from }),
  );
  // The network is not waited for in a transaction: a sink that is held comes back by itself.
  const end = decideShipment(await send(options, sink, entries), sink.failures, {
    retryMs: settings.shipRetryMs,
    retryMaxMs: settings.shipRetryMaxMs,
    random: Math.random(),
  });
  shipments.add({ outcome: end.kind });
  onLag(id, head - (end.kind === 'acknowledged' ? to : from));
  await inTenant(db, [orgId], (tx) =>
    end.kind === 'acknowledged'
      ? recordShipped(tx, { id, from, to }) // T8
      : recordFailed(tx, {
          id,
          error: end.error.slice(0, ERROR_LENGTH_MAX),
          againMs: end.kind === 'again' ? end.afterMs : 0,
          disabledWhy: end.kind === 'gone' ? 'the receiver answered 410' : null,
        }),
  );
}

/** Never throws: what went wrong is what is recorded. */
async function send(
  options: ShippingOptions,
  sink: TakenSink,
  entries: readonly ChainEntry[],
): Promise<Shipment> {
  try {
    if (/^https?:/.test(sink.url)) return await post(options, sink, entries);
    const { egress, settings } = options;
    await sendSyslog(
      { egress, timeoutMs: settings.sendTimeoutMs },
      { url: new URL(sink.url), ca: sink.ca },
      entries.map((entry) => formatSyslog(entry, sink.format)),
    );
    return { kind: 'acknowledged' };
  } catch (thrown) {
    return { kind: 'failed', status: null, error: explain(thrown) };
  }
}

async function post(
  { clock, egress, sealing }: ShippingOptions,
  sink: TakenSink,
  entries: readonly ChainEntry[],
): Promise<Shipment> {
  const { id, url, format, sealed } = sink;
  const opened = sealed === null ? null : open(sealing, sealed, sinkContext(id));
  if (opened?.kind !== 'opened') {
    return { kind: 'failed', status: null, error: 'its secret cannot be opened' };
  }
  const [first, last] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
  const body = JSON.stringify({
    type: 'audit.entries',
    timestamp: clock.now().toISOString(),
    organization_id: entries[0]?.organization_id,
    data: {
      first_seq: first,
      last_seq: last,
      format,
      entries: format === 'jsonl' ? entries : entries.map((entry) => formatEntry(entry, format)),
    },
  });
  const message = { id: `audit_${id}_${first}_${last}`, at: clock.now(), body };
  const headers = signWebhook(message, [opened.data.toString('utf8')]);
  const { status, text } = await egress.post(url, { headers, body });
  if (status >= 200 && status < 300) return { kind: 'acknowledged' };
  return { kind: 'failed', status, error: `it answered ${status}: ${text}` };
}
