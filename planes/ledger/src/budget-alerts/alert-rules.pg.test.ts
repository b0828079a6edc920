import { randomUUID } from 'node:crypto';

import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { reserveAll, settleAll } from '../calls.sql.ts';
import { type Account, callOf, limit, setClock, settlementOf, stopClock } from '../fixture.sql.ts';
import { claimNotice, putSoftLimit } from '../soft-budgets/soft-limits.sql.ts';
import type { AlertRule } from './alert-rule.ts';
import {
  changeRule,
  deleteRule,
  findOrgsWithRules,
  insertRule,
  listRules,
} from './alert-rules.sql.ts';
import { watchBudgets } from './watch-budgets.ts';

const test = databaseTest;

async function makeAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const addRule = async (
  db: Db,
  { orgId, projectId }: Account,
  changes: Partial<AlertRule> = {},
): Promise<AlertRule | null> =>
  inTenant(db, [orgId], (tx) =>
    insertRule(tx, orgId, {
      name: 'web',
      projectId,
      agent: null,
      period: 'day',
      limitPusd: null,
      thresholds: [50, 80, 100],
      onForecast: false,
      receivers: ['anna@example.com'],
      createdBy: 'token:1',
      ...changes,
    }),
  );

async function spend(db: Db, account: Account, cost: bigint, agent = 'coder'): Promise<void> {
  const call = callOf(account, cost, { agent });
  await reserveAll(db, [call]);
  await settleAll(db, [settlementOf(call)]);
}

const watch = (db: Db, { orgId }: Account) => watchBudgets({ db, nudge: () => undefined }, orgId);

/** What people were told, by e-mail; the latest last. */
async function told(owner: Db, { orgId }: Account): Promise<string[]> {
  const { rows } = await sql<{ subject: string }>`
    select subject from alert_email where org_id = ${orgId} order by created_at, subject
  `.execute(owner);
  return rows.map(({ subject }) => subject.replace('[sagewai] ', ''));
}

describe('an alert rule', () => {
  test('is told of each threshold once a window, and again in the next (F6)', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-01-15T12:00:00Z');
    const account = await makeAccount(db);
    await limit(db, account, 'project', { usdPerDay: 100n });
    await addRule(db, account);
    await spend(db, account, 49n);
    await watch(db, account);
    expect(await told(owner, account)).toEqual([]);
    await spend(db, account, 1n);
    await watch(db, account);
    await watch(db, account);
    const of = (percent: number) => `web: ${percent} % of the limit are spent today`;
    expect(await told(owner, account)).toEqual([of(50)]);
    await spend(db, account, 50n);
    await watch(db, account);
    expect((await told(owner, account)).toSorted()).toEqual([of(100), of(50), of(80)]);
    await setClock(owner, '2026-01-16T00:00:00Z');
    await watch(db, account);
    expect(await told(owner, account)).toHaveLength(3);
    await spend(db, account, 60n);
    await watch(db, account);
    expect(await told(owner, account)).toHaveLength(4);
  });

  test('is told once by two replicas that see it at the same time (F6)', async ({ db, owner }) => {
    const account = await makeAccount(db);
    await addRule(db, account, { limitPusd: 100n, thresholds: [50] });
    const [rule] = await inTenant(db, [account.orgId], (tx) => listRules(tx));
    await spend(db, account, 60n);
    // One replica is about to tell; the other waits for what becomes of that.
    const { rows } = await sql<{ day: string }>`
      select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day
    `.execute(owner);
    const notice = {
      orgId: account.orgId,
      subject: `rule:${rule?.id}`,
      openedOn: rows[0]?.day ?? '',
      mark: '50',
    };
    await using first = await holdTransaction(db, [account.orgId], (tx) => claimNotice(tx, notice));
    expect(first.output).toBe(true);
    const second = watch(db, account);
    await untilWaiting(owner);
    await first.commit();
    await second;
    expect(await told(owner, account)).toEqual([]);
    // One that breaks off before it commits has told nobody, and the other does.
    await sql`delete from budget_notice`.execute(owner);
    await using broken = await holdTransaction(db, [account.orgId], (tx) =>
      claimNotice(tx, notice),
    );
    const other = watch(db, account);
    await untilWaiting(owner);
    await broken.rollback();
    await other;
    expect(await told(owner, account)).toHaveLength(1);
  });

  test('knows the soft limit before the hard one, an agent’s alone, and the organization’s', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-01-31T12:00:00Z');
    const account = await makeAccount(db);
    await limit(db, account, 'organization', { usdPerMonth: 1_000n });
    await limit(db, account, 'project', { usdPerDay: 1_000n });
    await inTenant(db, [account.orgId], async (tx) => {
      const soft = {
        action: 'warn',
        fallbackChain: [],
        month: 'calendar',
        monthlyPusd: null,
      } as const;
      await putSoftLimit(tx, account, { ...soft, agent: '*', dailyPusd: 200n });
      await putSoftLimit(tx, account, { ...soft, agent: 'coder', dailyPusd: 100n });
    });
    await addRule(db, account, { name: 'project', thresholds: [50] });
    await addRule(db, account, { name: 'coder', agent: 'coder', thresholds: [50] });
    await addRule(db, account, { name: 'nobody', agent: 'nobody', thresholds: [1] });
    await addRule(db, account, { name: 'all', projectId: null, period: 'month', thresholds: [10] });
    await spend(db, account, 50n);
    await watch(db, account);
    expect(await told(owner, account)).toEqual(['coder: 50 % of the limit are spent today']);
    await spend(db, account, 50n, 'writer');
    await watch(db, account);
    expect((await told(owner, account)).toSorted()).toEqual([
      'all: 10 % of the limit are spent this month',
      'coder: 50 % of the limit are spent today',
      'project: 50 % of the limit are spent today',
    ]);
  });

  test('tells of a pace that leads beyond the limit, if it is to', async ({ db, owner }) => {
    await stopClock(owner, '2026-01-31T06:00:00Z');
    const account = await makeAccount(db);
    await addRule(db, account, { limitPusd: 100n, thresholds: [100], onForecast: true });
    await spend(db, account, 26n);
    await watch(db, account);
    await watch(db, account);
    expect(await told(owner, account)).toEqual(['web: today leads beyond the limit']);
  });

  test('is changed and deleted by its organization, and the job finds whose there are', async ({
    db,
    dispatch,
  }) => {
    const [account, stranger] = [await makeAccount(db), await makeAccount(db)];
    const rule = await addRule(db, account, { limitPusd: 5n });
    expect(await addRule(db, account)).toBeNull();
    expect(await findOrgsWithRules(dispatch)).toEqual([account.orgId]);
    const id = rule?.id ?? '';
    const nothing = {
      id,
      limitPusd: undefined,
      thresholds: null,
      onForecast: null,
      receivers: null,
    };
    const change = (by: Account, changes: object) =>
      inTenant(db, [by.orgId], (tx) => changeRule(tx, { ...nothing, ...changes }));
    expect(await change(stranger, { thresholds: [1] })).toBeNull();
    expect(await change(account, { thresholds: [10] })).toMatchObject({
      limitPusd: 5n,
      thresholds: [10],
      receivers: ['anna@example.com'],
    });
    expect(await change(account, { limitPusd: null })).toMatchObject({ limitPusd: null });
    expect(await inTenant(db, [stranger.orgId], (tx) => deleteRule(tx, id))).toBe(false);
    expect(await inTenant(db, [account.orgId], (tx) => deleteRule(tx, id))).toBe(true);
  });
});
