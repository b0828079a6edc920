import type { Tx } from '@sagewai/postgres';
import { digestBatch, recordBatch } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import type { CancelledRun } from '../dispatch/queue.sql.ts';

/** Runs that were cancelled without a request that names them: by an operation on many, or by a schedule. */
export async function recordCancelled(
  tx: Tx,
  { orgId, actor }: { readonly orgId: OrganizationId; readonly actor: string },
  cancelled: readonly CancelledRun[],
): Promise<void> {
  const direct = cancelled.filter(({ below, how }) => !below && how !== 'ended');
  await recordBatch(tx, {
    orgId,
    actor,
    kind: 'run.cancelled',
    ids: direct.map(({ runId }) => runId),
    digest: digestBatch(direct.map(({ runId, how }) => [runId, how])),
  });
}
