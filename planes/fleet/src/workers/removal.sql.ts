import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, WorkerId, WorkerState } from '@sagewai/wire';

export interface Removal {
  readonly state: WorkerState;
  /** It is given nothing more. */
  readonly draining: boolean;
  /** Leases that it has. */
  readonly held: number;
}

/**
 * What a worker holds; with `drain`, after it was asked to go (or, with false, to stay). While it drains
 * no claim of it succeeds that was not counted here. Null: there is no such worker here.
 */
export async function askToGo(
  db: Executor,
  worker: {
    readonly orgId: OrganizationId;
    readonly id: WorkerId;
    readonly drain: boolean | null;
  },
): Promise<Removal | null> {
  const { rows } = await sql<Removal>`
    select state, draining, held
    from fleet_drain_worker(${worker.orgId}, ${worker.id}, ${worker.drain}::boolean)
  `.execute(db);
  return rows[0] ?? null;
}
