import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { OrganizationId, PicoUsd, ReservationId } from '@sagewai/wire';

import type { CallRequest, Reservation, Settlement } from '../call.ts';
import type { TakeTurn } from '../take-turns.ts';
import { applyBooked } from './apply-booked.ts';
import { applyOwn, chargeShares } from './charge-shares.ts';
import { dropUnused } from './drop-unused.ts';
import { GiveBack } from './give-back.ts';
import { isOver } from './is-over.ts';
import type { Outage } from './outage.ts';
import { ShareBook } from './share-book.ts';
import type { ShareSettings } from './share-settings.ts';
import type { Amounts, Holding, OpenCall, ScopeShares } from './share.ts';
import { bookOwn, bookShared, recallBudget, type SharedSettlement } from './shares.sql.ts';
import { tellFirst } from './tell-first.ts';

export interface SharedCallsOptions {
  readonly db: Db;
  readonly log: Log;
  readonly clock: Clock;
  readonly takeTurn: TakeTurn;
  readonly settings: ShareSettings;
  /** Null: no key may be open. */
  readonly outage?: Outage | null;
}

const POLL_MS = 4;

interface Want {
  readonly orgId: OrganizationId;
  readonly kind: ScopeShares['kind'];
  readonly id: string;
  readonly scope: ScopeShares;
  readonly target: Amounts;
}

/** The shares of this process: admits from them, keeps them up, and gives them back. */
export class SharedCalls {
  readonly #options: SharedCallsOptions;
  readonly #book: ShareBook;
  readonly #tick: NodeJS.Timeout;
  readonly #giveBack: GiveBack;
  readonly #renew: ReturnType<typeof tellFirst>;
  readonly #recalling = new Map<string, Promise<void>>();
  #sync: NodeJS.Timeout | null = null;
  /** A call found its shares too small. */
  #isUrgent = false;
  #bookedMs = -Infinity;
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #sweptMs = 0;

  constructor(options: SharedCallsOptions) {
    this.#options = options;
    this.#book = new ShareBook({ ...options.settings, outage: options.outage ?? null });
    const lose = (holding: Holding): void => this.#lose(holding);
    this.#giveBack = new GiveBack({ ...options, book: this.#book, lose });
    // Tried every few milliseconds for as long as the database is away.
    this.#renew = tellFirst((error) =>
      options.log.warn('shares of budgets could not be renewed', { error }),
    );
    this.#tick = setInterval(() => this.#keepUp(), options.settings.keepUpEveryMs);
    this.#tick.unref();
  }

  /** Null: the database must decide. */
  admit(request: CallRequest, fixed: PicoUsd): Reservation | null {
    if (this.#isClosed) return null;
    const { clock } = this.#options;
    const admitted = this.#book.admit(request, fixed, clock.monotonicMs());
    if (!admitted && this.#book.holdingOf(request.orgId)?.wanted.size) {
      this.#isUrgent = true;
      this.#syncSoon();
    }
    return admitted;
  }

  callOf(id: ReservationId): OpenCall | undefined {
    return this.#book.callOf(id);
  }

  get callsOpen(): number {
    return this.#book.callsOpen;
  }

  get holdings(): Iterable<Holding> {
    return this.#book.holdings;
  }

  withAge(call: OpenCall, settlement: Settlement): SharedSettlement {
    return { call, settlement, elapsedMs: this.#options.clock.monotonicMs() - call.admittedMs };
  }

  forget(call: OpenCall): void {
    this.#book.close(call);
  }

  /** Books calls, and what shares are wanted meanwhile. Answers those whose holding is gone. In a turn. */
  async book(settlements: readonly SharedSettlement[]): Promise<readonly SharedSettlement[]> {
    const { db, clock, settings } = this.#options;
    const { ttlMs, divisor } = settings;
    const holdings = new Set(settlements.map(({ call }) => call.holding));
    for (const holding of this.#book.holdings) if (this.#isDue(holding)) holdings.add(holding);
    for (const holding of holdings) if (holding.state === 'gone') holdings.delete(holding);
    if (holdings.size === 0) return settlements;
    const wants = [...holdings].flatMap((holding) => this.#wantsOf(holding));
    const kept = settlements.filter(({ call }) => holdings.has(call.holding));
    // M1. Whoever pays for an excess must find it in the budget before anything else is given out.
    for (const one of kept)
      if (isOver(one)) this.#giveBack.soon(one.call.holding, budgetsAbove(one.call));
    const sentMs = clock.monotonicMs();
    if (settlements.length > 0) this.#bookedMs = sentMs;
    const [only] = holdings;
    if (only && holdings.size === 1 && kept.length === settlements.length) {
      if (await this.#bookOwn(only, kept, { wants, sentMs })) return [];
    }
    const asked = [...holdings].map((holding) => ({
      id: holding.id,
      orgId: holding.orgId,
      isNew: holding.state === 'wanted',
    }));
    const rows = await bookShared(db, {
      holdings: asked,
      ttlMs,
      divisor,
      settlements: kept,
      wants,
    });
    const live = new Set<Holding>();
    for (const holding of holdings) {
      const standing = applyBooked(holding, rows, { sentMs, ttlMs, wants });
      if (standing.kind === 'live') live.add(holding);
      if (standing.kind === 'gone') this.#lose(holding);
      if (standing.kind === 'live' && standing.isRecalled) this.#giveBack.soon(holding, null);
      else this.#giveBackOverdrawn(holding);
    }
    for (const { call } of kept) if (live.has(call.holding)) this.#book.close(call);
    return settlements.filter(({ call }) => !live.has(call.holding));
  }

  /** The usual case: calls of one holding. False: it is not, and nothing was booked. */
  async #bookOwn(
    holding: Holding,
    settlements: readonly SharedSettlement[],
    { wants, sentMs }: { readonly wants: readonly Want[]; readonly sentMs: number },
  ): Promise<boolean> {
    const { db, settings } = this.#options;
    const { ttlMs, divisor } = settings;
    const charges = chargeShares(holding, settlements, wants);
    if (charges === null || charges.length === 0 || holding.day === null) return false;
    const { day } = holding;
    const rows = await bookOwn(db, { holding, day, ttlMs, divisor, settlements, charges });
    if (rows === null) return false;
    const { isRecalled } = applyOwn(holding, charges, { rows, sentMs, ttlMs });
    if (isRecalled) this.#giveBack.soon(holding, null);
    else this.#giveBackOverdrawn(holding);
    for (const { call } of settlements) this.#book.close(call);
    return true;
  }

  /** M1. Somebody's excess has overdrawn a budget: the next call is to pay for it. */
  #giveBackOverdrawn(holding: Holding): void {
    if (holding.state !== 'live') return;
    const overdrawn = [...holding.scopes.values()]
      .flatMap(({ shares }) => shares)
      .filter(({ used, limit, amount }) => used > limit && amount > 0)
      .map(({ budgetId }) => budgetId);
    if (overdrawn.length > 0) this.#giveBack.soon(holding, overdrawn);
  }

  /** Told by the database: somebody needs these shares. */
  heed(message: string): void {
    const { org, budget } = JSON.parse(message) as { org: OrganizationId; budget?: string };
    const holding = this.#book.holdingOf(org);
    if (holding) this.#giveBack.soon(holding, budget === undefined ? null : [budget]);
  }

  giveAllBackSoon(): void {
    for (const holding of this.#book.holdings) this.#giveBack.soon(holding, null);
  }

  /** Gives back the shares of an organization; resolves when it is done. */
  async giveBack(orgId: OrganizationId): Promise<void> {
    const holding = this.#book.holdingOf(orgId);
    if (holding) await this.#giveBack.now(holding, null);
  }

  /** Resolves when nothing is being given back. */
  async settled(): Promise<void> {
    await this.#giveBack.settled();
  }

  /** Resolves when no shares of a budget are out any more, or it has taken too long. */
  recall(orgId: OrganizationId, budgetId: string): Promise<void> {
    const recalling = this.#recalling.get(budgetId) ?? this.#recall(orgId, budgetId);
    this.#recalling.set(budgetId, recalling);
    return recalling.finally(() => this.#recalling.delete(budgetId));
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#tick);
    if (this.#sync) clearTimeout(this.#sync);
    await this.#syncing;
    await Promise.all([...this.#book.holdings].map((holding) => this.#giveBack.now(holding, null)));
  }

  async #recall(orgId: OrganizationId, budgetId: string): Promise<void> {
    const { db, clock, settings } = this.#options;
    const untilMs = clock.monotonicMs() + settings.recallWaitMs;
    const of = { orgId, budgetId, pauseMs: settings.recallPauseMs };
    let left = await recallBudget(db, of); // First: what is given back is not to be granted again.
    const holding = this.#book.holdingOf(orgId);
    if (holding) await this.#giveBack.now(holding, [budgetId]);
    while (left > 0n && clock.monotonicMs() < untilMs) {
      await delay(POLL_MS);
      left = await recallBudget(db, of);
    }
  }

  #wantsOf(holding: Holding): Want[] {
    const scopes = holding.state === 'recalled' ? [] : [...holding.wanted];
    holding.wanted.clear();
    return scopes
      .filter((scope) => !scope.isYielding && this.#book.isShort(scope))
      .map((scope) => ({
        orgId: holding.orgId,
        kind: scope.kind,
        id: scope.id,
        scope,
        target: this.#book.targetOf(scope),
      }));
  }

  #isDue(holding: Holding): boolean {
    const isShort = [...holding.wanted].some((scope) => this.#book.isShort(scope));
    if (isShort) return holding.state === 'wanted' || holding.state === 'live';
    const { clock, settings } = this.#options;
    const isAging = holding.liveUntilMs - clock.monotonicMs() < settings.ttlMs / 4;
    return holding.state !== 'wanted' && isAging;
  }

  #syncSoon(): void {
    if (this.#isClosed || this.#book.isEmpty) return;
    this.#sync ??= setTimeout(() => {
      this.#sync = null;
      this.#syncing = this.#syncNow();
    }, this.#options.settings.syncDelayMs);
  }

  async #syncNow(): Promise<void> {
    const { clock, settings } = this.#options;
    const isUrgent = this.#isUrgent;
    this.#isUrgent = false;
    // While calls are being booked, the next batch takes along what is wanted but does not press.
    if (!isUrgent && clock.monotonicMs() - this.#bookedMs < settings.keepUpEveryMs) return;
    if (![...this.#book.holdings].some((holding) => this.#isDue(holding))) return;
    const endTurn = await this.#options.takeTurn();
    await this.#renew(() => this.book([])).finally(endTurn);
  }

  /** Renews what is in use, gives back what is not. */
  #keepUp(): void {
    this.#syncSoon();
    const { clock, settings } = this.#options;
    const nowMs = clock.monotonicMs();
    // What is not in use cannot be given back to who is away, and may be all that there is (O1).
    if (nowMs - this.#sweptMs < settings.idleMs / 2 || this.#options.outage?.isAway) return;
    this.#sweptMs = nowMs;
    const idleSinceMs = nowMs - settings.idleMs;
    for (const holding of this.#book.holdings) {
      const { isIdle, over } = dropUnused(holding, { idleSinceMs, nowMs }, this.#book);
      if (isIdle) this.#giveBack.soon(holding, null);
      else if (over.length > 0) this.#giveBack.soon(holding, over);
    }
  }

  #lose(holding: Holding): void {
    if (holding.state === 'gone') return;
    this.#book.drop(holding);
    this.#options.log.warn('shares of budgets were lost; what they held is booked as spent', {
      organization: holding.orgId,
      holding: holding.id,
      calls: holding.open.size,
    });
  }
}

const budgetsAbove = ({ scopes }: OpenCall): string[] =>
  scopes.flatMap(({ shares }) => shares.map(({ budgetId }) => budgetId));
