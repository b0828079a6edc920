import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { reserveAll, settleAll } from '../calls.sql.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger } from '../create-ledger.ts';
import { type Account, budgetOf, callOf, limit, settlementOf } from '../fixture.sql.ts';
import { foldSpend } from '../rollups.sql.ts';
import { declareSpend, newDeclaredId } from './declare-spend.ts';
import { createSoftBook, SOFT_DEFAULTS, type SoftSettings } from './soft-book.ts';
import type { SoftLimit } from './soft-limit.ts';
import {
  claimNotice,
  dropSoftLimit,
  listSoftLimits,
  listSoftProjects,
  putSoftLimit,
  readSoftProject,
} from './soft-limits.sql.ts';
import { createSoftMeters } from './soft-meters.ts';

const test = fileDatabaseTest;

async function makeAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const limitOf = (changes: Partial<SoftLimit> = {}): SoftLimit => ({
  agent: 'coder',
  dailyPusd: 100n,
  monthlyPusd: null,
  action: 'stop',
  fallbackChain: [],
  month: 'calendar',
  ...changes,
});

const put = (db: Db, account: Account, changes: Partial<SoftLimit> = {}) =>
  inTenant(db, [account.orgId], (tx) => putSoftLimit(tx, account, limitOf(changes)));

async function spend(db: Db, account: Account, cost: bigint, agent: string | null): Promise<void> {
  const call = callOf(account, cost, { agent });
  await reserveAll(db, [call]);
  await settleAll(db, [settlementOf(call)]);
}

const read = (db: Db, account: Account) =>
  inTenant(db, [account.orgId], (tx) => readSoftProject(tx, account));

describe('soft limits', () => {
  test('are of a project and an agent, and replaced by name', async ({ db }) => {
    const account = await makeAccount(db);
    await put(db, account);
    await put(db, account, {
      dailyPusd: null,
      monthlyPusd: 7n,
      action: 'throttle',
      fallbackChain: ['m'],
    });
    const listed = await inTenant(db, [account.orgId], (tx) => listSoftLimits(tx, account));
    expect(listed).toMatchObject([
      {
        agent: 'coder',
        dailyPusd: null,
        monthlyPusd: 7n,
        action: 'throttle',
        fallbackChain: ['m'],
      },
    ]);
    const stranger = await makeAccount(db);
    expect(await inTenant(db, [stranger.orgId], (tx) => listSoftLimits(tx, account))).toEqual([]);
  });

  test('count what the agent’s calls cost, folded or not, and of nobody else (R1)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    await put(db, account);
    await spend(db, account, 30n, 'coder');
    await foldSpend(db, account.orgId);
    await spend(db, account, 12n, 'coder');
    await spend(db, account, 5n, null);
    const elsewhere = randomUUID() as typeof account.projectId;
    await spend(db, { ...account, projectId: elsewhere }, 1_000n, 'coder');
    const project = await read(db, account);
    expect(project.spendOf.get('coder')).toEqual({
      dayPusd: 42n,
      calendarMonthPusd: 42n,
      trailingPusd: 42n,
    });
    expect(project.spendOf.get('')?.dayPusd).toBe(5n);
  });

  test('the last that goes takes its project off the list, unless one is being added (F2)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    await put(db, account);
    await using adding = await holdTransaction(db, [account.orgId], (tx) =>
      putSoftLimit(tx, account, limitOf({ agent: 'other' })),
    );
    const dropping = inTenant(db, [account.orgId], (tx) => dropSoftLimit(tx, account, 'coder'));
    await untilWaiting(owner);
    await adding.commit();
    expect(await dropping).toBe(true);
    expect((await listSoftProjects(db)).has(account.projectId)).toBe(true);
    await inTenant(db, [account.orgId], (tx) => dropSoftLimit(tx, account, 'other'));
    expect((await listSoftProjects(db)).has(account.projectId)).toBe(false);
  });

  test('a notice is one replica’s to tell, of two that see it at once (F4)', async ({
    db,
    owner,
  }) => {
    const { orgId } = await makeAccount(db);
    const notice = { orgId, subject: 's', openedOn: '2026-01-01', mark: '80' };
    await using first = await holdTransaction(db, [orgId], (tx) => claimNotice(tx, notice));
    expect(first.output).toBe(true);
    const second = inTenant(db, [orgId], (tx) => claimNotice(tx, notice));
    await untilWaiting(owner);
    await first.commit();
    expect(await second).toBe(false);
    const next = { ...notice, openedOn: '2026-01-02' };
    expect(await inTenant(db, [orgId], (tx) => claimNotice(tx, next))).toBe(true);
  });
});

describe('a book of soft limits', () => {
  function open(db: Db, settings: Partial<SoftSettings> = {}) {
    let nowMs = 0;
    const book = createSoftBook({
      db,
      clock: { now: () => systemClock.now(), monotonicMs: () => nowMs },
      log: silentLog,
      meters: createSoftMeters(createMetrics()),
      settings: { ...SOFT_DEFAULTS, ...settings },
    });
    return { book, at: (ms: number) => void (nowMs = ms) };
  }

  test('passes calls of other projects at once, and judges a known one at once (F2, F3)', async ({
    db,
  }) => {
    const [limited, free] = [await makeAccount(db), await makeAccount(db)];
    await put(db, limited);
    await spend(db, limited, 100n, 'coder');
    const { book, at } = open(db);
    expect(await book.judge({ ...limited, agent: 'coder' })).toBeNull();
    // Known by now: no promise, so nothing was asked.
    expect(book.judge({ ...free, agent: 'coder' })).toBeNull();
    expect(book.judge({ ...limited, agent: 'coder' })).toBeNull();
    await spend(db, limited, 1n, 'coder');
    at(SOFT_DEFAULTS.refreshMs - 1);
    expect(book.judge({ ...limited, agent: 'coder' })).toBeNull();
    // F3. Older than it may be: the call waits for what is true now.
    at(SOFT_DEFAULTS.ageMsMax);
    expect(await book.judge({ ...limited, agent: 'coder' })).toMatchObject({ action: 'stop' });
    expect(book.judge({ ...limited, agent: 'writer' })).toBeNull();
  });

  test('tells people once of a limit and window, however many replicas see it (F4)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    await put(db, account, { action: 'warn' });
    await spend(db, account, 101n, 'coder');
    const books = [open(db), open(db), open(db)];
    const told = async (): Promise<number> => {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from audit_entry
        where org_id = ${account.orgId} and action = 'budget.exceeded'
      `.execute(owner);
      return rows[0]?.n ?? 0;
    };
    for (const { book } of books) {
      expect(await book.judge({ ...account, agent: 'coder' })).toMatchObject({ action: 'warn' });
    }
    await expect.poll(told).toBe(1);
    for (const { book } of books) void book.judge({ ...account, agent: 'coder' });
    expect(await told()).toBe(1);
  });

  test('lets calls pass when the spend cannot be read, and says so when it can be again, or refuses (F5)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    await put(db, account);
    await spend(db, account, 101n, 'coder');
    const [passing, refusing] = [open(db), open(db, { onFailure: 'closed' })];
    await sql`revoke select on soft_limit from sagewai_request`.execute(owner);
    expect(await passing.book.judge({ ...account, agent: 'coder' })).toBeNull();
    expect(await passing.book.judge({ ...account, agent: 'coder' })).toBeNull();
    expect(await refusing.book.judge({ ...account, agent: 'coder' })).toBe('unknown');
    await sql`grant select on soft_limit to sagewai_request`.execute(owner);
    passing.at(600);
    expect(await passing.book.judge({ ...account, agent: 'coder' })).toMatchObject({
      action: 'stop',
    });
    const { rows } = await sql<{ details: string }>`
      select details from audit_entry where org_id = ${account.orgId} and action = 'budget.unchecked'
    `.execute(owner);
    expect(rows.map(({ details }) => JSON.parse(details) as object)).toMatchObject([
      { calls: 2, passed: true },
    ]);
  });

  test('whose spend cannot be read lets those of other projects be read (F5)', async ({
    db,
    owner,
  }) => {
    const [broken, account] = [await makeAccount(db), await makeAccount(db)];
    for (const each of [broken, account]) {
      await put(db, each);
      await spend(db, each, 101n, 'coder');
    }
    await sql`create table broken as select ${broken.projectId}::uuid as id`.execute(owner);
    await sql`grant select on broken to sagewai_request`.execute(owner);
    await sql`
      create policy broken on soft_limit as restrictive for select using (
        case when org_id = any(visible_orgs()) and project_id in (select id from broken)
        then 1 / (select count(*) - 1 from broken) = 1 else true end)
    `.execute(owner);
    try {
      const { book } = open(db);
      expect(await book.judge({ ...broken, agent: 'coder' })).toBeNull();
      expect(await book.judge({ ...account, agent: 'coder' })).toMatchObject({ action: 'stop' });
    } finally {
      await sql`drop policy broken on soft_limit`.execute(owner);
      await sql`drop table broken`.execute(owner);
    }
  });
});

describe('declared spend', () => {
  const ledgerOf = (db: Db) =>
    createLedger({ db, log: silentLog, metrics: createMetrics(), clock: systemClock });
  const declaredOf = (account: Account, costPusd: bigint) => ({
    ...account,
    id: newDeclaredId(new Date()),
    agent: 'coder',
    costPusd,
    model: 'm',
    provider: 'elsewhere',
    inputTokens: 10,
    outputTokens: 5,
  });

  test('is booked once under its name, within the hard limits or beyond them, and adds up (D1, M1)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    await limit(db, account, 'project', { usdPerDay: 100n });
    const ledger = ledgerOf(db);
    const declared = declaredOf(account, 60n);
    expect(await declareSpend({ db, ledger }, declared)).toEqual({ kind: 'booked', costPusd: 60n });
    expect(await declareSpend({ db, ledger }, { ...declared, costPusd: 99n })).toEqual({
      kind: 'known',
      costPusd: 60n,
    });
    // What is left does not cover it. It is spent all the same.
    expect(await declareSpend({ db, ledger }, declaredOf(account, 70n))).toMatchObject({
      kind: 'booked',
    });
    expect((await budgetOf(db, account, 'project')).balances[0]).toMatchObject({ settled: 130n });
    expect((await read(db, account)).spendOf.get('coder')?.dayPusd).toBe(130n);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    await ledger.close();
  });

  test('never counts a call of the gateway again: it has an id of its own (D1)', async ({ db }) => {
    const account = await makeAccount(db);
    const ledger = ledgerOf(db);
    const call = callOf(account, 40n, { agent: 'coder' });
    await ledger.reserve(call);
    const underWay = declareSpend({ db, ledger }, { ...declaredOf(account, 40n), id: call.id });
    await expect(underWay).rejects.toMatchObject({ code: 'state.conflict' });
    await ledger.settle(settlementOf(call));
    expect(
      await declareSpend({ db, ledger }, { ...declaredOf(account, 99n), id: call.id }),
    ).toEqual({ kind: 'known', costPusd: 40n });
    // The table keeps it, whoever asks.
    const other = callOf(account, 1n);
    await reserveAll(db, [other]);
    const declared = settlementOf(other, { usageSource: 'declared' });
    await expect(settleAll(db, [declared])).rejects.toThrow(/names_of_its_own/);
    await ledger.close();
  });
});
