import { randomBytes } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import { type Db, inTenant } from '@sagewai/postgres';
import type { PicoUsd, ReservationId } from '@sagewai/wire';

import type { CallRequest } from '../call.ts';
import type { Ledger } from '../create-ledger.ts';
import { findOwnCall } from './declared-calls.sql.ts';
import type { ProjectPlace } from './soft-limit.ts';

/** What was spent past the gateway. */
export interface Declared extends ProjectPlace, Pick<CallRequest, 'keyId' | 'runId'> {
  readonly id: string;
  readonly agent: string;
  readonly costPusd: PicoUsd;
  readonly model: string;
  readonly provider: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export type DeclaredAs =
  | { readonly kind: 'booked'; readonly costPusd: PicoUsd }
  | { readonly kind: 'known'; readonly costPusd: PicoUsd };

export const DECLARED_DEPLOYMENT = 'declared';
const EXPIRES_MS = 60_000;

/**
 * Books it as a call of its own: what the hard limits have left is reserved like any other, and what
 * they have not is booked all the same, beyond them, since it is spent. What was reserved ahead under this
 * name is settled, also after it expired. Twice under one name is once; the name of a call of the gateway
 * is never booked here (D1), and of what another project named nothing is told.
 */
export async function declareSpend(
  { db, ledger }: { readonly db: Db; readonly ledger: Ledger },
  declared: Declared,
): Promise<DeclaredAs> {
  const { orgId, costPusd, inputTokens, outputTokens, provider } = declared;
  const id = declared.id as ReservationId;
  const before = await inTenant(db, [orgId], (tx) => findOwnCall(tx, declared, id));
  if (before?.kind === 'booked') return { kind: 'known', costPusd: before.costPusd };
  demandDeclaredId(id);
  if (before === null) await reserveWhatWasSpent(ledger, declared);
  await ledger.settle({
    id,
    orgId,
    costPusd,
    inputTokens,
    outputTokens,
    usageSource: 'declared',
    status: 'ok',
    provider,
  });
  return { kind: 'booked', costPusd };
}

/** Within the hard limits, or beyond them. */
async function reserveWhatWasSpent(ledger: Ledger, declared: Declared): Promise<void> {
  const { costPusd, inputTokens, outputTokens } = declared;
  const call: CallRequest = {
    ...declared,
    id: declared.id as ReservationId,
    deployment: DECLARED_DEPLOYMENT,
    price: { perCall: costPusd, input: 0n, output: 0n },
    inputTokensMax: inputTokens,
    outputTokens,
    mayCap: false,
    expiresInMs: EXPIRES_MS,
  };
  const within = await ledger.reserve(call);
  if (within.kind !== 'refused') return;
  const beyond = await ledger.reserve({ ...call, price: null, inputTokensMax: 0, outputTokens: 0 });
  if (beyond.kind !== 'refused') return;
  const again = beyond.retryAfterMs;
  throw new Fault('rate.exceeded', 'spend cannot be booked: a limit of requests is reached', {
    detail: 'A limit of requests is reached; what was spent is not booked yet. Try again.',
    ...(again === null ? {} : { retryAfterMs: again }),
  });
}

const DECLARED = /^([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** D1. */
export function demandDeclaredId(id: string): void {
  if (DECLARED.test(id)) return;
  throw new Fault('state.conflict', 'a call of the gateway is declared', {
    detail:
      'This id is not one of declared spend: what the gateway calls is booked by the gateway.',
  });
}

const DAY_MS = 86_400_000;

/** Rows are found by the time in their id: one of another day would be booked where nobody looks. */
export function checkDeclaredId(id: string, now: Date): void {
  const [, high = '', low = ''] = DECLARED.exec(id) ?? [];
  if (high === '') return;
  const ageMs = now.getTime() - Number.parseInt(high + low, 16);
  if (Math.abs(ageMs) <= DAY_MS) return;
  throw new Fault('request.invalid', 'declared spend has an id of another day', {
    detail: 'id must begin with the time of now, in milliseconds, as a UUIDv7 does.',
    mistakes: [{ part: 'body', path: '/id', message: 'is of another day' }],
  });
}

/** In the order of time, as those of calls are, and never one of theirs (D1). */
export function newDeclaredId(now: Date): string {
  const hex = now.getTime().toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
