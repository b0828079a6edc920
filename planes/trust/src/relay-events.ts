import type { Log } from '@sagewai/log';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { ALERT_TYPES, type ChainEntry, type OrganizationId } from '@sagewai/wire';

import { findDue } from './deliveries.sql.ts';
import { readEntries } from './entries.sql.ts';
import { eventsOfEntry, type TrustEvent } from './events-of-entry.ts';
import {
  isListenedTo,
  lockCursor,
  moveCursor,
  planRelay,
  queueEvents,
  stopRelay,
} from './relay.sql.ts';
import type { TrustSettings } from './settings.ts';

/** What a plane above tells of entries that it wrote; in the transaction that reads them. */
export type DescribeEntries = (
  tx: Tx,
  orgId: OrganizationId,
  entries: readonly ChainEntry[],
) => Promise<readonly TrustEvent[]>;

export interface RelayOptions {
  readonly db: Db;
  readonly log: Log;
  readonly settings: TrustSettings;
  readonly describe: readonly DescribeEntries[];
}

const ORGANIZATIONS_PER_ROUND = 100;
const BATCHES_PER_ROUND = 20;

/**
 * Tells webhooks what the audit log says.
 *
 *   T9. The log commits with what it records (T5); the cursor moves over entries in the transaction that queues what
 *       they are told as. So nothing is lost, whoever dies, and whoever acts pays nothing for being listened to.
 *   T10. What is read twice is told under one id.
 */
export async function relayEvents(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { db, log } = options;
  for (const orgId of await findDue(db, 'events', ORGANIZATIONS_PER_ROUND)) {
    for (let round = 0; round < BATCHES_PER_ROUND; round += 1) {
      if (signal.aborted) return;
      // One that fails stands in nobody's way.
      const more = await inTenant(db, [orgId], (tx) => relayFor(options, tx, orgId)).catch(
        (error: unknown) => {
          log.error('webhooks were not told of what happened; it is tried again', { orgId, error });
          return false;
        },
      );
      if (!more) break;
    }
  }
}

/** True: there is more. */
async function relayFor(
  { settings, describe }: RelayOptions,
  tx: Tx,
  orgId: OrganizationId,
): Promise<boolean> {
  const cursor = await lockCursor(tx, orgId);
  if (cursor === null) return false;
  if (!(await isListenedTo(tx, orgId, ALERT_TYPES))) {
    await stopRelay(tx, orgId);
    return false;
  }
  const limit = settings.relayBatch;
  const entries = await readEntries(tx, { orgId, order: 'oldest', cursor: String(cursor), limit });
  const last = entries.at(-1);
  if (last !== undefined) {
    const told = entries.flatMap(eventsOfEntry);
    for (const one of describe) told.push(...(await one(tx, orgId, entries)));
    await queueEvents(tx, orgId, told);
    await moveCursor(tx, orgId, last.seq);
  }
  const hasMore = entries.length === limit;
  await planRelay(tx, orgId, hasMore ? 0 : settings.relayEveryMs);
  return hasMore;
}
