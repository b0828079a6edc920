import { createHash } from 'node:crypto';

import type { ReservationId, RunId, WorkerId } from '@sagewai/wire';

export interface OwnCallKey {
  readonly workerId: WorkerId;
  readonly runId: RunId;
  /** As the worker made it. */
  readonly key: string;
}

/**
 * The reservation that an idempotency key stands for. Derived, because ids of reservations are one space
 * for every organization: a worker that could choose one could take another's.
 */
export function nameOwnCall({ workerId, runId, key }: OwnCallKey): ReservationId {
  const digest = createHash('sha256')
    .update(JSON.stringify(['own call', workerId, runId, key]))
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80; // a UUID of version 8
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') as ReservationId;
}
