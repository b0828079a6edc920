import { randomUUID } from 'node:crypto';

import { type Db, inTenant } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { UNLIMITED } from './budget.ts';
import { listBudgets, setBudgets } from './budgets.sql.ts';
import { reserveAll, settleAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import { type Account, budgetOf, callOf, limit, settlementOf } from './fixture.sql.ts';

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

describe('a limit', () => {
  test('that is new counts what its window holds already, settled and reserved (B5)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const [settled, open] = [callOf(account, 40n), callOf(account, 7n)];
    await reserveAll(db, [settled, open]);
    await settleAll(db, [settlementOf(settled, { costPusd: 30n })]);

    await limit(db, account, 'project', {
      usdPerDay: 50n,
      requestsPerMinute: 3n,
      tokensPerMinute: 9n,
    });

    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
      { measure: 'cost', settled: 30n, reserved: 7n },
      { measure: 'tokens', settled: 2n },
      { measure: 'requests', settled: 2n },
    ]);
    expect(await reserveAll(db, [callOf(account, 14n), callOf(account, 13n)])).toMatchObject([
      { kind: 'refused' },
      { kind: 'reserved' },
    ]);
    await settleAll(db, [settlementOf(open)]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('that is made while a call is being reserved counts it (B5)', async ({ db, owner }) => {
    const account = await openAccount(db);
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [callOf(account, 5n)]),
    );
    const limited = limit(db, account, 'project', { usdPerDay: 9n });
    await untilWaiting(owner);
    await held.commit();
    await limited;

    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([{ reserved: 5n }]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('that is being made holds a call up, and then binds it (B5)', async ({ db, owner }) => {
    const account = await openAccount(db);
    const { orgId, projectId } = account;
    await using held = await holdTransaction(db, [orgId], (tx) =>
      setBudgets(tx, { orgId, kind: 'project', id: projectId }, { ...UNLIMITED, usdPerDay: 4n }),
    );
    const reservation = reserveAll(db, [callOf(account, 5n)]);
    await untilWaiting(owner);
    await held.commit();
    expect(await reservation).toMatchObject([{ kind: 'refused', limit: 4n }]);
  });

  test('that is changed keeps its balance; that is taken away binds nobody', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', { usdPerDay: 10n });
    const call = callOf(account, 8n);
    await reserveAll(db, [call]);

    await limit(db, account, 'key', { usdPerDay: 20n });
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { amount: 20n, reserved: 8n },
    ]);
    await limit(db, account, 'key', {});
    expect(await budgetOf(db, account, 'key')).toMatchObject({ limits: UNLIMITED, balances: [] });
    expect(await reserveAll(db, [callOf(account, 1000n)])).toMatchObject([{ kind: 'reserved' }]);
    await settleAll(db, [settlementOf(call)]);

    await limit(db, account, 'key', { usdPerDay: 9n });
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { settled: 8n, reserved: 1000n },
    ]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('of other keys and projects does not bind', async ({ db }) => {
    const account = await openAccount(db);
    const other = { ...account, projectId: randomUUID(), keyId: randomUUID() } as Account;
    await limit(db, other, 'key', { usdPerDay: 0n });
    await limit(db, other, 'project', { usdPerDay: 0n });
    expect(await reserveAll(db, [callOf(account, 5n)])).toMatchObject([{ kind: 'reserved' }]);
    expect(await reserveAll(db, [callOf({ ...other, keyId: account.keyId }, 5n)])).toMatchObject([
      { kind: 'refused', scope: { kind: 'project' } },
    ]);
  });
});

test('limits are listed by scope, in pages', async ({ db }) => {
  const account = await openAccount(db);
  await limit(db, account, 'organization', { usdPerDay: 3n });
  await limit(db, account, 'project', { usdPerDay: 2n, tokensPerMinute: 4n });
  await limit(db, account, 'key', { requestsPerMinute: 1n });
  const page = (filter: object) =>
    inTenant(db, [account.orgId], (tx) => listBudgets(tx, account.orgId, { limit: 2, ...filter }));

  const first = await page({});
  expect(first.map(({ scope }) => scope.kind)).toEqual(['key', 'organization']);
  const last = first.at(-1)?.scope;
  expect(await page({ after: last })).toMatchObject([
    { scope: { kind: 'project' }, limits: { usdPerDay: 2n, tokensPerMinute: 4n } },
  ]);
  expect(await page({ kind: 'key' })).toHaveLength(1);
});
