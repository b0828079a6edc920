import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { expect } from 'vitest';

import { expireDue } from '../calls.sql.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger, type Ledger } from '../create-ledger.ts';
import { type Account, budgetOf, callOf, limit } from '../fixture.sql.ts';
import { declareSpend, newDeclaredId } from './declare-spend.ts';
import { findNamedCall } from './declared-calls.sql.ts';
import { type DeclaredAhead, reserveDeclared } from './reserve-declared.ts';

interface World {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly account: Account;
  readonly reserve: (changes?: Partial<DeclaredAhead>) => ReturnType<typeof reserveDeclared>;
  readonly declare: (id: string, costPusd: bigint) => ReturnType<typeof declareSpend>;
  readonly balance: () => Promise<{ readonly settled: bigint; readonly reserved: bigint }>;
}

/** A project that may spend 100 a day, and an agent of it that calls past the gateway. */
const test = fileDatabaseTest.extend<{ world: World }>({
  world: async ({ db }, use) => {
    const { orgId, projectId } = await makeTenant(db);
    const account: Account = { orgId, projectId, keyId: randomUUID() as KeyId };
    await limit(db, account, 'project', { usdPerDay: 100n });
    const clock = systemClock;
    const ledger = createLedger({ db, log: silentLog, metrics: createMetrics(), clock });
    const of = { ...account, agent: 'coder', model: 'm', inputTokens: 10, outputTokens: 5 };
    await use({
      db,
      ledger,
      account,
      reserve: async (changes) =>
        reserveDeclared(
          { db, ledger, clock },
          { ...of, id: newDeclaredId(new Date()), pusdMax: 60n, expiresInMs: 60_000, ...changes },
        ),
      declare: async (id, costPusd) =>
        declareSpend({ db, ledger }, { ...of, id, costPusd, provider: null }),
      balance: async () => {
        const [day] = (await budgetOf(db, account, 'project')).balances;
        return { settled: day?.settled ?? -1n, reserved: day?.reserved ?? -1n };
      },
    });
    expect(await checkLedger(db, [orgId])).toEqual([]); // B4
    await ledger.close();
  },
});

test('what a call past the gateway can cost is held before it is made, and settled by its name (M1)', async ({
  world,
}) => {
  const { reserve, declare, balance } = world;
  const { id } = await reserve();
  expect(await balance()).toEqual({ settled: 0n, reserved: 60n });
  await expect(reserve()).rejects.toMatchObject({ code: 'budget.exceeded' });
  expect(await declare(id, 25n)).toEqual({ kind: 'booked', costPusd: 25n });
  expect(await balance()).toEqual({ settled: 25n, reserved: 0n });
  expect(await declare(id, 99n)).toEqual({ kind: 'known', costPusd: 25n });
  await expect(reserve({ id })).rejects.toMatchObject({ code: 'state.conflict' });
});

test('it is held once under its name, also when it is asked for twice at once', async ({
  world,
}) => {
  const { reserve, balance } = world;
  const id = newDeclaredId(new Date());
  const held = await Promise.all([reserve({ id }), reserve({ id }), reserve({ id })]);
  // Where there is room for all of them, their name is what tells them apart.
  const small = { id: newDeclaredId(new Date()), pusdMax: 1n };
  await Promise.all([reserve(small), reserve(small), reserve(small)]);
  expect(held.map((one) => one.id)).toEqual([id, id, id]);
  expect(await balance()).toEqual({ settled: 0n, reserved: 61n });
  await expect(reserve({ id, pusdMax: 61n })).rejects.toMatchObject({
    code: 'idempotency.conflict',
  });
});

test('what nobody records in time is booked in full, and corrected by who records it after all (M2)', async ({
  world,
  owner,
}) => {
  const { db, account, reserve, declare, balance } = world;
  const { id } = await reserve({ expiresInMs: 1 });
  await sql`select pg_sleep(0.01)`.execute(owner);
  expect(await expireDue(db, [account.orgId], 10)).toBe(1);
  expect(await balance()).toEqual({ settled: 60n, reserved: 0n });
  expect(await declare(id, 25n)).toEqual({ kind: 'booked', costPusd: 25n });
  expect(await balance()).toEqual({ settled: 25n, reserved: 0n });
  expect(await declare(id, 1n)).toEqual({ kind: 'known', costPusd: 25n });
});

test('where calls are admitted from shares, it has a row all the same: any server settles it, or is asked again', async ({
  db,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  const account: Account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'project', { usdPerDay: 1_000_000n });
  const shares = { listenUrl: null, callsASecondMin: 1, idleMs: 60_000 };
  const open = (): Ledger =>
    createLedger({ db, log: silentLog, metrics: createMetrics(), clock: systemClock, shares });
  const [one, other] = [open(), open()];
  const of = { ...account, agent: 'coder', model: 'm', inputTokens: 10, outputTokens: 5 };
  const reserve = async (ledger: Ledger, id: string): ReturnType<typeof reserveDeclared> =>
    reserveDeclared(
      { db, ledger, clock: systemClock },
      { ...of, id, pusdMax: 60n, expiresInMs: 60_000 },
    );
  for (let n = 0; n < 40; n++) {
    const id = newDeclaredId(new Date());
    await reserve(one, id);
    await reserve(one, id);
    expect(await inTenant(db, [orgId], (tx) => findNamedCall(tx, orgId, id))).toMatchObject({
      kind: 'reserved',
    });
    const spent = { ...of, id, costPusd: 25n, provider: null };
    expect(await declareSpend({ db, ledger: other }, spent)).toMatchObject({ kind: 'booked' });
  }
  await one.close();
  await other.close();
  const [day] = (await budgetOf(db, account, 'project')).balances;
  expect(day).toMatchObject({ settled: 1_000n, reserved: 0n });
  expect(await checkLedger(db, [orgId])).toEqual([]);
});

test('nobody settles by declaration what the gateway, or another project, has reserved (D1)', async ({
  world,
}) => {
  const { db, ledger, account, reserve, declare } = world;
  const call = callOf(account, 40n);
  await ledger.reserve(call);
  await expect(declare(call.id, 0n)).rejects.toMatchObject({ code: 'state.conflict' });
  await expect(reserve({ id: call.id })).rejects.toMatchObject({ code: 'state.conflict' });
  const other = randomUUID() as typeof account.projectId;
  const { id } = await reserve({ projectId: other });
  await expect(declare(id, 0n)).rejects.toMatchObject({ code: 'resource.missing' });
  await expect(reserve({ id })).rejects.toMatchObject({ code: 'resource.missing' });
  expect(
    await inTenant(db, [account.orgId], (tx) => findNamedCall(tx, account.orgId, id)),
  ).toMatchObject({
    kind: 'reserved',
    projectId: other,
  });
});

test('of a call that another project has declared nothing is told, not even what it cost', async ({
  world,
}) => {
  const { db, ledger, account, reserve, declare } = world;
  const other = randomUUID() as typeof account.projectId;
  const { id } = await reserve({ projectId: other });
  const spent = { ...account, agent: 'coder', model: 'm', inputTokens: 1, outputTokens: 1 };
  const theirs = { ...spent, projectId: other, id, costPusd: 25n, provider: null };
  expect(await declareSpend({ db, ledger }, theirs)).toMatchObject({ kind: 'booked' });
  await expect(declare(id, 1n)).rejects.toMatchObject({ code: 'resource.missing' });
  await expect(reserve({ id })).rejects.toMatchObject({ code: 'resource.missing' });
});
