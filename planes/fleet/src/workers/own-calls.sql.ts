import { type Executor, sql } from '@sagewai/postgres';
import type { ReservationId, RunId, WorkerId } from '@sagewai/wire';

/** A model call that a worker makes itself, as the ledger knows it. */
export interface OwnCall {
  readonly runId: RunId;
  readonly workerId: WorkerId;
  readonly model: string;
}

/** What was reserved under an id, and what has become of it. */
export interface OwnReservation {
  readonly model: string;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** Null: it is over. */
  readonly expiresAt: Date | null;
}

/** Null: nothing was reserved under this id yet. */
export async function findOwnReservation(
  tx: Executor,
  id: ReservationId,
): Promise<OwnReservation | null> {
  const { rows } = await sql<OwnReservation>`
    select model, input_tokens::int as "inputTokensMax", output_tokens::int as "outputTokensMax",
           expires_at as "expiresAt"
    from reservation where id = ${id}
    union all
    select model, 0, 0, null from spend where id = ${id} and entry = 0
    limit 1
  `.execute(tx);
  return rows[0] ?? null;
}

/**
 * Whose call a reservation is, open or booked. Only calls of workers are found: so no worker settles
 * what the gateway has reserved.
 */
export async function findOwnCall(tx: Executor, id: ReservationId): Promise<OwnCall | null> {
  const { rows } = await sql<OwnCall>`
    select run_id as "runId", worker_id as "workerId", model from reservation
    where id = ${id} and run_id is not null and worker_id is not null
    union all
    select run_id, worker_id, model from spend
    where id = ${id} and entry = 0 and run_id is not null and worker_id is not null
    limit 1
  `.execute(tx);
  return rows[0] ?? null;
}
