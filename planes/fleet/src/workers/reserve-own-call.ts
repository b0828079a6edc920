/**
 * What a worker wants to spend itself is reserved once under one idempotency key: a worker that heard no
 * answer asks again, and holds what it held.
 */
import type { Clock } from '@sagewai/clock';
import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { CallRequest, Ledger, Refusal } from '@sagewai/ledger';
import { type Db, inTenant } from '@sagewai/postgres';
import type { ReservationId, RunId, WorkerId } from '@sagewai/wire';

import { nameOwnCall } from './name-own-call.ts';
import { findOwnReservation, type OwnReservation } from './own-calls.sql.ts';

export type OwnCallRequest = Omit<CallRequest, 'id' | 'runId' | 'workerId'> & {
  readonly runId: RunId;
  readonly workerId: WorkerId;
};

interface Held {
  readonly id: ReservationId;
  readonly expiresAt: Date;
}

interface Parts {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export async function reserveOwnCall(
  parts: Parts,
  request: OwnCallRequest,
  key: string | null,
): Promise<Held> {
  if (key === null) return reserve(parts, { ...request, id: newId<ReservationId>() });
  const { runId, workerId, orgId } = request;
  const id = nameOwnCall({ workerId, runId, key });
  const find = (): Promise<OwnReservation | null> =>
    inTenant(parts.db, [orgId], (tx) => findOwnReservation(tx, id));
  const earlier = await find();
  if (earlier !== null) return heldBefore(id, earlier, request);
  try {
    return await reserve(parts, { ...request, id, isRepeated: true });
  } catch (thrown) {
    // The same was asked for twice at once, and the other one was first.
    const first = thrown instanceof Fault && thrown.code !== 'service.broken' ? null : await find();
    if (first === null) throw thrown;
    return heldBefore(id, first, request);
  }
}

async function reserve({ ledger, clock }: Parts, request: CallRequest): Promise<Held> {
  const reservation = await ledger.reserve(request);
  if (reservation.kind === 'refused') throw exceeded(reservation);
  return { id: request.id, expiresAt: new Date(clock.now().getTime() + request.expiresInMs) };
}

function heldBefore(id: ReservationId, held: OwnReservation, request: OwnCallRequest): Held {
  if (held.expiresAt === null) {
    throw new Fault('state.conflict', `the own call ${id} is over`, {
      detail: 'What was reserved under this idempotency key is settled, or has expired.',
    });
  }
  const isSame =
    held.model === request.model &&
    held.inputTokensMax === request.inputTokensMax &&
    held.outputTokensMax === request.outputTokens;
  if (!isSame) {
    throw new Fault('idempotency.conflict', `the own call ${id} was reserved as another`, {
      detail: 'The idempotency key was used for another call.',
    });
  }
  return { id, expiresAt: held.expiresAt };
}

function exceeded({ because, period, scope, retryAfterMs }: Refusal): Fault {
  const code = because === 'cost' ? 'budget.exceeded' : 'rate.exceeded';
  return new Fault(code, `${because} a ${period} of ${scope.kind} ${scope.id} is used up`, {
    detail: `The ${scope.kind}'s limit of ${because} a ${period} is reached.`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
