import { randomUUID } from 'node:crypto';

import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant, randomHistories } from '@sagewai/testing';
import type { KeyId, ReservationId } from '@sagewai/wire';
import fc from 'fast-check';
import { expect } from 'vitest';

import { LIMIT_KINDS, type Limits } from './budget.ts';
import type { CallRequest } from './call.ts';
import { expireDue, reserveAll, settleAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import { type Account, budgetOf, limit, nextCallId, setClock, stopClock } from './fixture.sql.ts';
import { type ReferenceCall, ReferenceLedger } from './reference-ledger.ts';
import { sumSpend } from './spend.sql.ts';

/** Before the end of an hour, a day and a week, or of a month. */
const STARTS_MS = [Date.parse('2026-11-21T23:58:00Z'), Date.parse('2026-11-30T23:58:00Z')] as const;
const DAY_MS = 86_400_000;
const TEAMS = ['team-a', 'team-b'] as const;
const PERSON = 'someone';
const SCOPES = ['organization', 'project', 'team', 'person', 'key'] as const;

const wait = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 3000 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(59_999, 60_000, 60_999, 61_000, 61_001, 120_000, 3_600_000),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(DAY_MS, 29 * DAY_MS, 30 * DAY_MS - 1, 30 * DAY_MS, 31 * DAY_MS),
  },
);

const request = fc.record({
  project: fc.nat(1),
  key: fc.option(fc.nat(1)),
  team: fc.option(fc.nat(1)),
  fixed: fc.bigInt(0n, 20n),
  price: fc.bigInt(0n, 3n),
  input: fc.nat(40),
  output: fc.nat(60),
  mayCap: fc.boolean(),
  expiresInMs: fc.constantFrom(5_000, 90_000, 600_000),
});

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      requests: fc.array(request, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.array(
        fc.record({
          pick: fc.nat(),
          cost: fc.bigInt(0n, 250n),
          input: fc.nat(50),
          output: fc.nat(80),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: wait }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('limit' as const),
      scope: fc.constantFrom(...SCOPES),
      usdPerHour: fc.option(fc.bigInt(0n, 900n), { freq: 1 }),
      usdPerDay: fc.option(fc.bigInt(0n, 900n), { freq: 1 }),
      usdPerWeek: fc.option(fc.bigInt(0n, 900n), { freq: 1 }),
      usdPerMonth: fc.option(fc.bigInt(0n, 900n), { freq: 1 }),
      usdPer30Days: fc.option(fc.bigInt(0n, 900n), { freq: 2 }),
      usdInTotal: fc.option(fc.bigInt(0n, 900n), { freq: 1 }),
      tokensPerMinute: fc.option(fc.bigInt(0n, 500n)),
      requestsPerMinute: fc.option(fc.bigInt(0n, 8n)),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test('decides, books and balances as the reference does, whatever the order of events (M1, M7, B1–B5)', async ({
  db,
  owner,
}) => {
  await stopClock(owner, new Date(STARTS_MS[0]).toISOString());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...STARTS_MS),
      fc.array(step, { minLength: 5, maxLength: 30 }),
      (startMs, steps) => play(db, owner, { startMs, steps }),
    ),
    randomHistories({ numRuns: 60, timeMs: 8_000 }),
  );
}, 3_600_000);

async function play(
  db: Db,
  owner: Db,
  { startMs, steps }: { readonly startMs: number; readonly steps: readonly Step[] },
): Promise<void> {
  const { orgId, projectId } = await makeTenant(db);
  const [otherProject, keyA, keyB] = [randomUUID(), randomUUID(), randomUUID()];
  const projects = [projectId, otherProject];
  const keys = [keyA, keyB];
  const account: Account = {
    orgId,
    projectId,
    keyId: keyA as KeyId,
    teamId: TEAMS[0],
    personId: PERSON,
  };
  const idOf: Record<(typeof SCOPES)[number], string> = {
    organization: orgId,
    project: projectId,
    team: TEAMS[0],
    person: PERSON,
    key: keyA,
  };
  const reference = new ReferenceLedger();
  let nowMs = startMs;
  let order = 0;
  await setClock(owner, new Date(nowMs));

  for (const each of steps) {
    if (each.kind === 'wait') {
      nowMs += each.ms;
      await setClock(owner, new Date(nowMs));
    } else if (each.kind === 'limit') {
      const { scope, kind: _, ...limits } = each;
      await limit(db, account, scope, limits);
      const id = idOf[scope];
      const { budgets } = reference;
      for (const name of Object.keys(LIMIT_KINDS) as (keyof Limits)[]) {
        const at = budgets.findIndex(
          ({ scopes, measure, period }) =>
            scopes === id &&
            measure === LIMIT_KINDS[name].measure &&
            period === LIMIT_KINDS[name].period,
        );
        const amount = limits[name];
        if (amount === null) {
          if (at >= 0) budgets.splice(at, 1);
        } else if (at >= 0 && budgets[at]) budgets[at].limit = amount;
        else budgets.push({ ...LIMIT_KINDS[name], order: order++, scopes: id, limit: amount });
      }
    } else if (each.kind === 'expire') {
      expect(await expireDue(db, [orgId], 1000)).toBe(reference.expire(nowMs));
    } else if (each.kind === 'reserve') {
      const calls = each.requests.map((asked) => {
        const { fixed, price, input, output, mayCap, expiresInMs } = asked;
        const project = projects[asked.project] ?? projectId;
        const key = asked.key === null ? null : (keys[asked.key] ?? null);
        const team = asked.team === null ? null : (TEAMS[asked.team] ?? null);
        const call: CallRequest = {
          id: nextCallId(),
          orgId,
          projectId: project as typeof projectId,
          keyId: key as KeyId | null,
          teamId: team,
          personId: team === null ? null : PERSON,
          model: 'm',
          deployment: 'd',
          price: { perCall: fixed, input: 0n, output: price },
          inputTokensMax: input,
          outputTokens: output,
          mayCap,
          expiresInMs,
        };
        const plain: ReferenceCall = {
          id: call.id,
          scopes: [
            orgId,
            project,
            ...(key === null ? [] : [key]),
            ...(team === null ? [] : [team, PERSON]),
          ],
          fixed,
          price,
          input: BigInt(input),
          output: BigInt(output),
          mayCap,
          expiresAtMs: nowMs + expiresInMs,
        };
        return { call, plain };
      });
      const answers = await reserveAll(
        db,
        calls.map(({ call }) => call),
      );
      const decisions = calls.map(({ plain }) => reference.reserve(plain, nowMs));
      for (const [index, decision] of decisions.entries()) {
        const answer = answers[index];
        if (decision.kind === 'reserved') {
          expect(answer).toMatchObject({ kind: 'reserved', outputTokens: Number(decision.output) });
          continue;
        }
        const { by, need } = decision;
        const used = reference.used(by, nowMs);
        expect(answer).toMatchObject({
          kind: 'refused',
          because: by.measure,
          period: by.period,
          scope: { id: by.scopes },
          limit: by.limit,
          used,
        });
        if (answer?.kind !== 'refused') continue;
        const { retryAfterMs } = answer;
        expect(retryAfterMs === null).toBe(need > by.limit || by.period === 'total');
        if (retryAfterMs !== null) {
          const later = nowMs + retryAfterMs;
          expect(reference.used(by, later) + need <= by.limit).toBe(true);
          expect(reference.used(by, later - 1) + need <= by.limit).toBe(false);
        }
      }
    } else {
      const open = reference.open();
      const all = reference.ids();
      const settlements = each.which.flatMap(({ pick, cost, input, output }) => {
        // Mostly calls under way, sometimes one that is settled already.
        const from = pick % 5 === 0 || open.length === 0 ? all : open;
        const id = from[pick % Math.max(1, from.length)];
        return id === undefined
          ? []
          : [
              {
                id: id as ReservationId,
                orgId,
                costPusd: cost,
                inputTokens: input,
                outputTokens: output,
                usageSource: 'provider' as const,
                status: 'ok' as const,
              },
            ];
      });
      if (settlements.length === 0) continue;
      const answers = await settleAll(db, settlements);
      const booked = settlements.map(({ id, costPusd, inputTokens, outputTokens }) =>
        reference.settle(id, { cost: costPusd, tokens: BigInt(inputTokens + outputTokens) }, nowMs),
      );
      expect(answers.map((answer) => (answer.kind === 'settled' ? answer.costPusd : null))).toEqual(
        booked.map((amounts) => amounts?.cost ?? null),
      );
    }
    expect(await checkLedger(db, [orgId])).toEqual([]); // B4
  }

  for (const kind of ['organization', 'project', 'team', 'person', 'key'] as const) {
    const id = idOf[kind];
    for (const balance of (await budgetOf(db, account, kind)).balances) {
      const budget = reference.budgets.find(
        ({ scopes, measure, period }) =>
          scopes === id && measure === balance.measure && period === balance.period,
      );
      expect(budget && reference.used(budget, nowMs)).toBe(balance.settled + balance.reserved);
    }
  }
  const totals = await inTenant(db, [orgId], (tx) => sumSpend(tx, { orgId }));
  expect(totals.costPusd).toBe(reference.totalCost());
  await sql`truncate reservation, spend, budget`.execute(owner);
}
