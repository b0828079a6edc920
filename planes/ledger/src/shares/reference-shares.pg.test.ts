import { randomUUID } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant, randomHistories } from '@sagewai/testing';
import type { KeyId, ReservationId } from '@sagewai/wire';
import fc from 'fast-check';
import { expect } from 'vitest';

import { LIMIT_KINDS, type Limits } from '../budget.ts';
import type { CallRequest, Settlement } from '../call.ts';
import { expireDue, reserveAll } from '../calls.sql.ts';
import { fixedCost } from '../check-call.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { type Account, budgetOf, limit, nextCallId, setClock, stopClock } from '../fixture.sql.ts';
import { type ReferenceCall, ReferenceLedger } from '../reference-ledger.ts';
import { settleCalls } from '../settle-calls.ts';
import { sumSpend } from '../spend.sql.ts';
import { takeTurns } from '../take-turns.ts';
import { SHARE_DEFAULTS } from './share-settings.ts';
import type { Holding } from './share.ts';
import { SharedCalls } from './shared-calls.ts';
import { forfeitDue } from './shares.sql.ts';

/** Before the end of a day and a week, or of a day and a month. */
const STARTS_MS = [Date.parse('2026-11-21T23:58:00Z'), Date.parse('2026-11-30T23:58:00Z')] as const;
const DAY_MS = 86_400_000;
const TTL_MS = 10_000;
const SCOPES = ['organization', 'project', 'team', 'key'] as const;
const TEAM = 'a team';

const limits = fc.record({
  // Rarely: nothing is shared below one.
  usdPerHour: fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.bigInt(60n, 5000n) },
  ),
  usdPerDay: fc.option(fc.bigInt(60n, 5000n), { freq: 8 }),
  usdPerWeek: fc.option(fc.bigInt(60n, 5000n), { freq: 1 }),
  usdPerMonth: fc.option(fc.bigInt(60n, 5000n), { freq: 1 }),
  usdPer30Days: fc.option(fc.bigInt(60n, 5000n), { freq: 3 }),
  usdInTotal: fc.option(fc.bigInt(60n, 5000n), { freq: 1 }),
  tokensPerMinute: fc.option(fc.bigInt(60n, 5000n)),
  requestsPerMinute: fc.option(fc.bigInt(5n, 200n)),
});
const holder = fc.constantFrom(0, 0, 0, 1);

const step = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      holder,
      cost: fc.bigInt(0n, 20n),
      tokens: fc.nat(20),
      expiresInMs: fc.constantFrom(5_000, 90_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      part: fc.constantFrom(0n, 1n, 1n, 2n, 2n, 2n, 3n),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('sync' as const), holder }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give back' as const), holder }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('forfeit' as const), waitMs: fc.constant(0) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('forfeit' as const), waitMs: fc.constant(TTL_MS) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(1, 200, 900) },
        { weight: 2, arbitrary: fc.constantFrom(4_999, 5_001, TTL_MS, 61_000, 120_000) },
        { weight: 1, arbitrary: fc.constantFrom(DAY_MS, 29 * DAY_MS, 30 * DAY_MS, 31 * DAY_MS) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      scope: fc.constantFrom(...SCOPES),
      limits,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Counted, so that a run in which nothing happened does not pass for one. */
const seen = { shared: 0, exact: 0, refused: 0, lost: 0, late: 0, converted: 0 };

test('shares are granted, used, settled, given back and lost as the reference says (M1, M2, B1–B5, S1–S5)', async ({
  db,
  owner,
}) => {
  await stopClock(owner, new Date(STARTS_MS[0]).toISOString());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...STARTS_MS),
      fc.tuple(limits, limits, fc.array(step, { minLength: 40, maxLength: 80 })),
      (startMs, [ofProject, ofKey, steps]) =>
        new Play(db, owner, startMs).run(steps, { ofProject, ofKey }),
    ),
    randomHistories({ numRuns: 60, timeMs: 15_000 }),
  );
  expect(seen.shared * seen.exact * seen.refused * seen.lost).toBeGreaterThan(0);
}, 3_600_000);

interface Made {
  readonly call: CallRequest;
  readonly plain: ReferenceCall;
  readonly holder: number;
  holdingId: string | null;
}

class Play {
  readonly #db: Db;
  readonly #owner: Db;
  readonly #reference = new ReferenceLedger();
  readonly #calls = new Map<ReservationId, Made>();
  readonly #expiry = new Map<string, number>();
  readonly #takeTurn = takeTurns();
  #holders: SharedCalls[] = [];
  #account!: Account;
  #nowMs: number;
  #order = 0;

  constructor(db: Db, owner: Db, startMs: number) {
    this.#db = db;
    this.#owner = owner;
    this.#nowMs = startMs;
  }

  async run(steps: readonly Step[], of: Record<'ofProject' | 'ofKey', Limits>): Promise<void> {
    const { orgId, projectId } = await makeTenant(this.#db);
    this.#account = { orgId, projectId, keyId: randomUUID() as KeyId, teamId: TEAM };
    await setClock(this.#owner, new Date(this.#nowMs));
    this.#holders = [0, 1].map(
      () =>
        new SharedCalls({
          db: this.#db,
          log: silentLog,
          clock: { now: () => new Date(this.#nowMs), monotonicMs: () => this.#nowMs },
          takeTurn: this.#takeTurn,
          // Nothing happens by itself here: the steps say what does.
          settings: {
            ...SHARE_DEFAULTS,
            ttlMs: TTL_MS,
            callsASecondMin: 1,
            syncDelayMs: 1e9,
            keepUpEveryMs: 1e9,
            divisor: 4,
          },
        }),
    );
    await this.#limit('project', of.ofProject);
    await this.#limit('key', of.ofKey);
    for (const each of steps) {
      await this.#play(each);
      await this.#check();
    }
    const totals = await inTenant(this.#db, [orgId], (tx) => sumSpend(tx, { orgId }));
    expect(totals.costPusd).toBe(this.#reference.totalCost());
    for (const shared of this.#holders) await shared.close();
    await sql`truncate reservation, spend, budget, share, holding, lost_share`.execute(this.#owner);
  }

  async #play(each: Step): Promise<void> {
    const { orgId } = this.#account;
    switch (each.kind) {
      case 'wait':
        this.#nowMs += each.ms;
        return setClock(this.#owner, new Date(this.#nowMs));
      case 'limit':
        return this.#limit(each.scope, each.limits);
      case 'call':
        return this.#call(each);
      case 'settle':
        return this.#settle(each);
      case 'sync':
        await this.#inTurn(async () => this.#holders[each.holder]?.book([]));
        return this.#note(each.holder);
      case 'give back':
        await this.#holders[each.holder]?.giveBack(orgId);
        return this.#note(each.holder);
      case 'expire':
        expect(await expireDue(this.#db, [orgId], 1000)).toBe(this.#reference.expire(this.#nowMs));
        return;
      case 'forfeit': {
        this.#nowMs += each.waitMs;
        await setClock(this.#owner, new Date(this.#nowMs));
        const due = [...this.#expiry].filter(([, ms]) => ms <= this.#nowMs);
        expect(await forfeitDue(this.#db, [orgId], 1000)).toBe(due.length);
        for (const [id] of due) this.#lose(id);
      }
    }
  }

  async #call({
    holder,
    cost,
    tokens,
    expiresInMs,
  }: Extract<Step, { kind: 'call' }>): Promise<void> {
    const { orgId, projectId, keyId } = this.#account;
    const call: CallRequest = {
      ...this.#account,
      id: nextCallId(),
      model: 'm',
      deployment: 'd',
      price: { perCall: cost, input: 0n, output: 0n },
      inputTokensMax: tokens,
      outputTokens: 0,
      mayCap: false,
      expiresInMs,
    };
    const plain: ReferenceCall = {
      id: call.id,
      scopes: [orgId, projectId, TEAM, keyId],
      fixed: cost,
      price: 0n,
      input: BigInt(tokens),
      output: 0n,
      mayCap: false,
      expiresAtMs: this.#nowMs + expiresInMs,
    };
    const shared = this.#holders[holder];
    const made: Made = { call, plain, holder, holdingId: null };
    if (shared?.admit(call, fixedCost(call))) {
      made.holdingId = shared.callOf(call.id)?.holding.id ?? null;
      this.#reference.admitFromShare(plain, this.#nowMs);
      // M1. Everything that is given out is within every limit that the call takes something from.
      const takes = { cost, tokens: BigInt(tokens), requests: 1n };
      for (const budget of this.#reference.budgets.filter(({ measure }) => takes[measure] > 0n)) {
        expect(this.#reference.used(budget, this.#nowMs)).toBeLessThanOrEqual(budget.limit);
      }
      // S4.
      expect(cost === 0n || this.#reference.budgets.some(({ measure }) => measure === 'cost')).toBe(
        true,
      );
      this.#calls.set(call.id, made);
      seen.shared += 1;
      return;
    }
    const [answer] = await reserveAll(this.#db, [call]);
    const decision = this.#reference.reserve(plain, this.#nowMs);
    expect(answer?.kind).toBe(decision.kind);
    seen[decision.kind === 'reserved' ? 'exact' : 'refused'] += 1;
    if (decision.kind === 'reserved') this.#calls.set(call.id, made);
  }

  async #settle({ picks, part }: Extract<Step, { kind: 'settle' }>): Promise<void> {
    const all = [...this.#calls.values()];
    const unsettled = new Set<string>(this.#reference.open());
    const open = all.filter(({ call }) => unsettled.has(call.id));
    const chosen = new Set(
      picks.flatMap((pick) => {
        // Mostly calls under way, sometimes one that is settled already.
        const from = pick % 5 === 0 || open.length === 0 ? all : open;
        return from[pick % Math.max(1, from.length)] ?? [];
      }),
    );
    for (const [holder, shared] of this.#holders.entries()) {
      const own = [...chosen].filter((made) => made.holder === holder);
      if (own.length === 0) continue;
      const settlements = own.map(({ call }): Settlement => {
        const cost = ((call.price?.perCall ?? 0n) * part) / 2n;
        return {
          id: call.id,
          orgId: call.orgId,
          costPusd: cost,
          inputTokens: Math.floor((call.inputTokensMax * Number(part)) / 2),
          outputTokens: 0,
          usageSource: 'provider',
          status: 'ok',
        };
      });
      const before = new Map(own.map(({ call }) => [call.id, shared.callOf(call.id)]));
      await this.#inTurn(() => settleCalls(this.#db, shared, settlements));
      for (const { id, costPusd, inputTokens } of settlements) {
        const actual = { cost: costPusd ?? 0n, tokens: BigInt(inputTokens) };
        const made = this.#calls.get(id);
        const holdingId = made?.holdingId ?? '';
        if (before.get(id) && !this.#expiry.has(holdingId)) {
          this.#reference.settleLate(holdingId, id, { actual, nowMs: this.#nowMs });
          seen.late += 1;
        } else this.#reference.settle(id, actual, this.#nowMs);
      }
      await shared.settled();
      await this.#note(holder);
      await this.#tellOverdrawn();
    }
  }

  /** As the database does it: who holds shares of a budget that an excess has overdrawn, is told. */
  async #tellOverdrawn(): Promise<void> {
    const { orgId: org } = this.#account;
    const isOverdrawn = this.#reference.budgets.some(
      (budget) => this.#reference.used(budget, this.#nowMs) > budget.limit,
    );
    if (!isOverdrawn) return;
    for (const [index, shared] of this.#holders.entries()) {
      shared.heed(JSON.stringify({ org }));
      await this.#note(index);
    }
  }

  async #limit(scope: (typeof SCOPES)[number], changed: Limits): Promise<void> {
    for (const [index, shared] of this.#holders.entries()) {
      await shared.giveBack(this.#account.orgId);
      await this.#note(index);
    }
    // What a holder that is not heard of any more still has, goes as it does when it expires.
    for (const id of this.#expiry.keys()) {
      this.#nowMs = Math.max(this.#nowMs, this.#expiry.get(id) ?? 0);
      await setClock(this.#owner, new Date(this.#nowMs));
      await forfeitDue(this.#db, [this.#account.orgId], 1000);
      this.#lose(id);
    }
    await limit(this.#db, this.#account, scope, changed);
    const { orgId, projectId, keyId } = this.#account;
    const id = { organization: orgId as string, project: projectId, team: TEAM, key: keyId }[scope];
    const { budgets } = this.#reference;
    for (const name of Object.keys(LIMIT_KINDS) as (keyof Limits)[]) {
      const { measure, period } = LIMIT_KINDS[name];
      const at = budgets.findIndex(
        (one) => one.scopes === id && one.measure === measure && one.period === period,
      );
      const amount = changed[name];
      if (amount === null) {
        if (at >= 0) budgets.splice(at, 1);
      } else if (at >= 0 && budgets[at]) budgets[at].limit = amount;
      else budgets.push({ ...LIMIT_KINDS[name], order: this.#order++, scopes: id, limit: amount });
    }
  }

  /** Takes over what a holder has now: its shares, and which of its calls have become reservations. */
  async #note(index: number): Promise<void> {
    const shared = this.#holders[index];
    if (!shared) return;
    await shared.settled();
    const holdings: Holding[] = [...shared.holdings];
    const live = holdings.filter(({ state }) => state === 'live');
    for (const { call, holder, holdingId } of this.#calls.values()) {
      if (holder !== index || holdingId === null || shared.callOf(call.id)) continue;
      const expiresAtMs = this.#nowMs + Math.max(1_000, this.#leftOf(call.id));
      if (this.#reference.convert(call.id, expiresAtMs)) seen.converted += 1;
    }
    for (const id of this.#expiry.keys()) {
      if (this.#ownerOf.get(id) === index && !live.some((one) => one.id === id)) {
        this.#expiry.delete(id);
        this.#reference.shares.delete(id);
      }
    }
    for (const holding of live) {
      if (!(await this.#exists(holding.id))) continue;
      this.#ownerOf.set(holding.id, index);
      // Extended by every statement that names it: half a life from when it was sent is how it says so.
      this.#expiry.set(holding.id, await this.#expiresAt(holding.id));
      const dayMs = Date.parse(holding.day ?? '');
      this.#reference.shares.set(
        holding.id,
        [...holding.scopes.values()].flatMap(({ id, shares }) =>
          shares.map((share) => ({
            scopes: id,
            measure: (['cost', 'tokens', 'requests'] as const)[share.measure],
            period: share.period,
            amount: BigInt(share.amount),
            atMs: dayMs,
          })),
        ),
      );
    }
  }

  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    const endTurn = await this.#takeTurn();
    await work().finally(endTurn);
  }

  readonly #ownerOf = new Map<string, number>();

  #leftOf(id: ReservationId): number {
    const made = this.#calls.get(id);
    return made ? made.plain.expiresAtMs - this.#nowMs : 0;
  }

  #lose(holdingId: string): void {
    this.#expiry.delete(holdingId);
    this.#reference.lose(holdingId, this.#nowMs);
    seen.lost += 1;
  }

  async #exists(id: string): Promise<boolean> {
    return (await this.#expiresAt(id)) > 0;
  }

  async #expiresAt(id: string): Promise<number> {
    const { rows } = await sql<{ at: Date }>`
      select expires_at as at from holding where id = ${id}
    `.execute(this.#owner);
    return rows[0]?.at.getTime() ?? 0;
  }

  async #check(): Promise<void> {
    const { orgId, projectId, keyId } = this.#account;
    expect(await checkLedger(this.#db, [orgId])).toEqual([]); // B4
    for (const kind of SCOPES) {
      const id = { organization: orgId as string, project: projectId, team: TEAM, key: keyId }[
        kind
      ];
      for (const balance of (await budgetOf(this.#db, this.#account, kind)).balances) {
        const budget = this.#reference.budgets.find(
          ({ scopes, measure, period }) =>
            scopes === id && measure === balance.measure && period === balance.period,
        );
        expect(budget && this.#reference.used(budget, this.#nowMs)).toBe(
          balance.settled + balance.reserved,
        );
      }
    }
  }
}
