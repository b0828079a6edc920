import { createHash } from 'node:crypto';

import { type BatchRecord, canonicalBatch, type ChainEntry } from '@sagewai/wire';

/**
 * Whether an entry that stands for many records stands for exactly these, in this order. The entry
 * itself is proved by its chain.
 */
export function verifyBatch(entry: ChainEntry, records: readonly BatchRecord[]): boolean {
  const details = JSON.parse(entry.details) as {
    readonly digest?: unknown;
    readonly count?: unknown;
  };
  const digest = createHash('sha256').update(canonicalBatch(records)).digest('hex');
  return details.digest === digest && details.count === records.length;
}
