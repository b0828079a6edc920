import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { type Db, inTenant } from '@sagewai/postgres';
import type { PicoUsd, ReservationId } from '@sagewai/wire';

import type { CallRequest, Refusal } from '../call.ts';
import type { Ledger } from '../create-ledger.ts';
import { DECLARED_DEPLOYMENT, type Declared, demandDeclaredId } from './declare-spend.ts';
import { findOwnCall } from './declared-calls.sql.ts';

/** A call that somebody is about to make past the gateway, and what it can cost at most. */
export interface DeclaredAhead extends Omit<Declared, 'costPusd' | 'provider'> {
  readonly pusdMax: PicoUsd;
  readonly expiresInMs: number;
}

export interface HeldAhead {
  readonly id: string;
  readonly expiresAt: Date;
}

interface Parts {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * M1. Reserves it in every limit above, like a call of the gateway: refused, it must not be made. What it cost is said
 * under the same name (`declareSpend`); what nobody says in time is booked in full. Asked again under its
 * name, it holds what it held.
 */
export async function reserveDeclared(parts: Parts, ahead: DeclaredAhead): Promise<HeldAhead> {
  const { db, ledger, clock } = parts;
  const { pusdMax, ...named } = ahead;
  demandDeclaredId(ahead.id);
  const held = await heldBefore(db, ahead);
  if (held !== null) return held;
  const call: CallRequest = {
    ...named,
    id: ahead.id as ReservationId,
    deployment: DECLARED_DEPLOYMENT,
    price: { perCall: pusdMax, input: 0n, output: 0n },
    inputTokensMax: ahead.inputTokens,
    outputTokens: ahead.outputTokens,
    mayCap: false,
    isRepeated: true,
  };
  const made = await ledger.reserve(call).catch(notReserved);
  if (made.kind === 'reserved') {
    return { id: ahead.id, expiresAt: new Date(clock.now().getTime() + ahead.expiresInMs) };
  }
  // The same was asked for twice at once, and the other one was first: it may even be what leaves too little.
  const first = await heldBefore(db, ahead);
  if (first !== null) return first;
  throw made.kind === 'refused' ? exceeded(made) : made.cause;
}

/** A name that is taken fails as what is broken does; everything else is told as it is. */
function notReserved(cause: unknown): { readonly kind: 'failed'; readonly cause: unknown } {
  if (cause instanceof Fault && cause.code !== 'service.broken') throw cause;
  return { kind: 'failed', cause };
}

async function heldBefore(db: Db, ahead: DeclaredAhead): Promise<HeldAhead | null> {
  const { id, orgId, model, pusdMax } = ahead;
  const before = await inTenant(db, [orgId], (tx) => findOwnCall(tx, ahead, id));
  if (before === null) return null;
  if (before.kind !== 'reserved') {
    throw new Fault('state.conflict', `the declared call ${id} is over`, {
      detail: 'What was reserved under this id is booked already.',
    });
  }
  const isSame = before.model === model && before.pusdMax === pusdMax;
  if (!isSame) {
    throw new Fault('idempotency.conflict', `the declared call ${id} was reserved as another`, {
      detail: 'The id was used for another call.',
    });
  }
  return { id, expiresAt: before.expiresAt };
}

function exceeded({ because, period, scope, retryAfterMs }: Refusal): Fault {
  const code = because === 'cost' ? 'budget.exceeded' : 'rate.exceeded';
  return new Fault(code, `${because} a ${period} of ${scope.kind} ${scope.id} is used up`, {
    detail: `The ${scope.kind}'s limit of ${because} a ${period} is reached.`,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
