import type { Tx } from '@sagewai/postgres';

import { type Batch, entryOfBatch } from './batch.ts';
import { appendAll } from './entries.sql.ts';

/** One entry for one batch of one organization, in the transaction that commits its records. */
export function recordBatch(tx: Tx, batch: Batch): Promise<void> {
  return recordBatches(tx, [batch]);
}

/** One entry a batch, in one round trip; an empty batch has none. */
export function recordBatches(tx: Tx, batches: readonly Batch[]): Promise<void> {
  return appendAll(tx, batches.filter(({ ids }) => ids.length > 0).map(entryOfBatch));
}
