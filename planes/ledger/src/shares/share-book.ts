import { randomUUID } from 'node:crypto';

import type { OrganizationId, PicoUsd, ReservationId } from '@sagewai/wire';

import type { CallRequest, Reservation } from '../call.ts';
import { type Outage, OUTAGE_TAG } from './outage.ts';
import {
  type Amounts,
  type Holding,
  leftOf,
  newScope,
  type OpenCall,
  scopeName,
  type ScopeShares,
} from './share.ts';
import { isOneWindow, isShared } from './windows.ts';

export interface ShareBookOptions {
  /** A scope that is called so often in a second gets shares. */
  readonly callsASecondMin: number;
  /** Of which stretch of time the peak decides how large a share is. */
  readonly stretchMs: number;
  /** One over the part of what is left in a budget that may be held for an outage. */
  readonly divisor: number;
  readonly outage?: Outage | null;
}

const SECOND_MS = 1_000;
/** Twice what was needed at once, so that shares last until they are topped up. */
const HEADROOM = 2;
/** Below this part of what is wanted a share is topped up. */
const TOP_UP_BELOW = 0.75;

/**
 * What this replica holds and has admitted, in memory. It decides nothing that the database has not
 * allowed before: it only gives out what is in its shares.
 */
export class ShareBook {
  readonly #options: ShareBookOptions;
  readonly #holdings = new Map<OrganizationId, Holding>();
  readonly #calls = new Map<ReservationId, OpenCall>();

  constructor(options: ShareBookOptions) {
    this.#options = options;
  }

  get holdings(): Iterable<Holding> {
    return this.#holdings.values();
  }

  get isEmpty(): boolean {
    return this.#holdings.size === 0;
  }

  get callsOpen(): number {
    return this.#calls.size;
  }

  holdingOf(orgId: OrganizationId): Holding | undefined {
    return this.#holdings.get(orgId);
  }

  callOf(id: ReservationId): OpenCall | undefined {
    return this.#calls.get(id);
  }

  /** Null: the shares do not decide it; whoever asks must ask the database. */
  admit(request: CallRequest, fixed: PicoUsd, nowMs: number): Reservation | null {
    // Who settles these may ask another server, or this one once more: all must find their reservation.
    if (request.workerId || request.isRepeated === true || request.isLasting === true) return null;
    const { outputTokens, price } = request;
    const amountPusd = fixed + (price === null ? 0n : price.output * BigInt(outputTokens));
    const cost = Number(amountPusd);
    if (cost > Number.MAX_SAFE_INTEGER) return null;
    const needs: Amounts = [cost, request.inputTokensMax + outputTokens, 1];
    const holding = this.#holdings.get(request.orgId) ?? this.#open(request.orgId);
    const scopes = scopesAbove(holding, request);
    const outage = request.onOutage === 'open' ? (this.#options.outage ?? null) : null;
    const isMet = this.#note(holding, scopes, { needs, nowMs, outage });
    if (!isMet || holding.state !== 'live' || holding.day === null) return null;
    const isLate = nowMs >= holding.liveUntilMs; // S2
    if (isLate && (outage === null || nowMs >= holding.dayEndsMs)) return null; // O3
    if (isLate && !outage?.admit(request.orgId, amountPusd, nowMs)) return null;

    for (const scope of scopes) {
      scope.held[0] += cost;
      scope.held[1] += needs[1];
      scope.held[2] += 1;
      for (const share of scope.shares) share.held += needs[share.measure];
    }
    const { day } = holding;
    const call = {
      request: isLate ? { ...request, tags: [...(request.tags ?? []), OUTAGE_TAG] } : request,
      holding,
      scopes,
      needs,
      amountPusd,
      admittedMs: nowMs,
      day,
      isJournaled: false,
    };
    holding.open.set(request.id, call);
    this.#calls.set(request.id, call);
    const reserved = { kind: 'reserved', outputTokens, outputTokensCap: null, amountPusd } as const;
    return isLate ? { ...reserved, isDuringOutage: true } : reserved;
  }

  /** The call is in the database now. */
  close(call: OpenCall): void {
    const { holding, scopes, needs, day, request } = call;
    if (!this.#calls.delete(request.id)) return;
    holding.open.delete(request.id);
    for (const scope of scopes) {
      scope.held[0] -= needs[0];
      scope.held[1] -= needs[1];
      scope.held[2] -= needs[2];
      for (const share of scope.shares) {
        // A share of a new window never held what was admitted from the one before.
        if (isOneWindow(share.period, day, holding.day)) share.held -= needs[share.measure];
      }
    }
  }

  /** The call is a reservation now, and no longer in the shares that are left. */
  convert(call: OpenCall): void {
    const { holding, scopes, needs, day } = call;
    for (const { shares } of scopes) {
      for (const share of shares) {
        if (isOneWindow(share.period, day, holding.day)) share.amount -= needs[share.measure];
      }
    }
    this.close(call);
  }

  /** The shares are no longer ours. Calls that are under way stay known until they are settled. */
  drop(holding: Holding): void {
    holding.state = 'gone';
    if (this.#holdings.get(holding.orgId) === holding) this.#holdings.delete(holding.orgId);
  }

  /** How large the shares of a scope should be. */
  targetOf(scope: ScopeShares): Amounts {
    const { peak, peakBefore } = scope;
    const { divisor } = this.#options;
    const of = (index: 0 | 1 | 2): number =>
      Math.max(
        HEADROOM * Math.max(peak[index], peakBefore[index]),
        reserveOf(scope, index, divisor),
      );
    return [of(0), of(1), of(2)];
  }

  /** Whether what was wanted is there. */
  isShort(scope: ScopeShares): boolean {
    const target = this.targetOf(scope);
    return (
      !scope.isKnown ||
      scope.shares.some(
        ({ amount, measure, period }) =>
          isShared(period) && amount < TOP_UP_BELOW * target[measure],
      )
    );
  }

  #open(orgId: OrganizationId): Holding {
    const holding: Holding = {
      id: randomUUID(),
      orgId,
      state: 'wanted',
      liveUntilMs: 0,
      dayEndsMs: 0,
      day: null,
      scopes: new Map(),
      open: new Map(),
      wanted: new Set(),
    };
    this.#holdings.set(orgId, holding);
    return holding;
  }

  /** Counts the call in what is wanted; tells whether all shares above it have room for it. */
  #note(
    holding: Holding,
    scopes: readonly ScopeShares[],
    of: { readonly needs: Amounts; readonly nowMs: number; readonly outage: Outage | null },
  ): boolean {
    const { needs, nowMs, outage } = of;
    const { callsASecondMin, stretchMs } = this.#options;
    const narrowest = scopes.at(-1);
    if (!narrowest) return false;
    if (nowMs - narrowest.countedMs > SECOND_MS) {
      narrowest.countedMs = nowMs;
      narrowest.calls = 0;
    }
    narrowest.calls += 1;
    const isBusy = narrowest.calls >= callsASecondMin || narrowest.isKnown || outage !== null;
    let isMet = true;
    let hasMoney = needs[0] === 0;
    for (const scope of scopes) {
      scope.usedMs = nowMs;
      notePeak(scope, needs, { nowMs, stretchMs });
      if (outage) keepReserve(scope, outage.reserveFor(needs), nowMs + outage.settings.keptMs);
      if (!scope.isKnown || scope.isYielding) isMet = false;
      for (const share of scope.shares) {
        const left = leftOf(share) - needs[share.measure];
        if (left < 0) isMet = false; // S1
        if (share.measure === 0) hasMoney = true; // S4
        const isLow =
          left < share.held || (outage !== null && left < scope.reserve[share.measure] / 2);
        if (isBusy && isLow && isShared(share.period)) holding.wanted.add(scope);
      }
      if (isBusy && !scope.isKnown) holding.wanted.add(scope);
    }
    return isMet && hasMoney;
  }
}

function notePeak(
  scope: ScopeShares,
  needs: Amounts,
  { nowMs, stretchMs }: { readonly nowMs: number; readonly stretchMs: number },
): void {
  if (nowMs - scope.peakMs > stretchMs) {
    scope.peakBefore = scope.peak;
    scope.peak = [0, 0, 0];
    scope.peakMs = nowMs;
  }
  const { peak, held } = scope;
  for (const index of [0, 1, 2] as const) {
    const need = held[index] + needs[index];
    if (need > peak[index]) peak[index] = need;
  }
}

/** O1. The most that any call of late wants held. */
function keepReserve(scope: ScopeShares, reserve: Amounts, untilMs: number): void {
  const { reserve: had } = scope;
  scope.reservedUntilMs = untilMs;
  if (reserve.every((amount, index) => amount <= (had[index] ?? 0))) return;
  scope.reserve = [
    Math.max(had[0], reserve[0]),
    Math.max(had[1], reserve[1]),
    Math.max(had[2], reserve[2]),
  ];
}

/** What of it is held: each time a part of what is left would be all of it in the end, and lost with this replica. */
function reserveOf({ reserve, shares }: ScopeShares, measure: 0 | 1 | 2, divisor: number): number {
  if (reserve[measure] === 0) return 0;
  const parts = shares
    .filter((share) => share.measure === measure)
    .map(({ limit, used, amount }) =>
      Math.max(0, Math.floor((Number(limit - used) + amount) / divisor)),
    );
  return Math.min(reserve[measure], ...parts);
}

/** From the widest to the narrowest. */
function scopesAbove(holding: Holding, request: CallRequest): ScopeShares[] {
  const { orgId, projectId, teamId, personId, keyId } = request;
  const scopes = [scopeOf(holding, 'organization', orgId), scopeOf(holding, 'project', projectId)];
  if (teamId) scopes.push(scopeOf(holding, 'team', teamId));
  if (personId) scopes.push(scopeOf(holding, 'person', personId));
  if (keyId) scopes.push(scopeOf(holding, 'key', keyId));
  return scopes;
}

function scopeOf(holding: Holding, kind: ScopeShares['kind'], id: string): ScopeShares {
  const name = scopeName(kind, id);
  const known = holding.scopes.get(name);
  if (known) return known;
  const made = newScope(kind, id);
  holding.scopes.set(name, made);
  return made;
}
