import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import {
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { type Limits, UNLIMITED } from '../budget.ts';
import { listBudgets, setBudgets } from '../budgets.sql.ts';
import type { CallRequest } from '../call.ts';
import { expireDue, reserveAll, settleAll } from '../calls.sql.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger, type Ledger } from '../create-ledger.ts';
import { type Account, callOf, limit, settlementOf } from '../fixture.sql.ts';
import { listFacetLimits, setFacetLimits } from './facet-limits.sql.ts';
import type { Facet } from './facet.ts';

async function makeAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

interface Part {
  readonly kind?: 'key' | 'project';
  readonly facet: Facet;
  readonly name?: string | null;
}

const limitPart = (db: Db, account: Account, part: Part, limits: Partial<Limits>): Promise<void> =>
  inTenant(db, [account.orgId], (tx) =>
    setFacetLimits(
      tx,
      {
        scope: {
          orgId: account.orgId,
          kind: part.kind ?? 'project',
          id: part.kind === 'key' ? account.keyId : account.projectId,
        },
        facet: part.facet,
        name: part.name ?? null,
      },
      { ...UNLIMITED, ...limits },
    ),
  );

const spendAt = async (db: Db, call: CallRequest): Promise<string> => {
  const [decision] = await reserveAll(db, [call]);
  if (decision?.kind !== 'reserved') return `${decision?.because} ${decision?.scope.kind}`;
  await settleAll(db, [settlementOf(call)]);
  return 'ok';
};

function replica(db: Db): Ledger {
  return createLedger({
    db,
    log: silentLog,
    clock: systemClock,
    metrics: createMetrics(),
    shares: { listenUrl: null, callsASecondMin: 1 },
  });
}

describe('each part of a scope', () => {
  test('admits exactly as many as its limit, on any number of replicas that hold shares (M1, M7)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    const replicas = [replica(db), replica(db)];
    await limit(db, account, 'project', { usdPerDay: 1_000_000n });
    const sharesOut = () =>
      inTenant(db, [account.orgId], async (tx) => {
        const { rows } = await sql`select from share`.execute(tx);
        return rows.length;
      });
    const call = async (ledger: Ledger, more: Partial<CallRequest>): Promise<string> => {
      const request = callOf(account, 5n, more);
      const reserved = await ledger.reserve(request);
      if (reserved.kind === 'reserved') await ledger.settle(settlementOf(request));
      return `${more.sessionId} ${reserved.kind}`;
    };
    for (const ledger of replicas) {
      for (let before = await sharesOut(); (await sharesOut()) === before;) await call(ledger, {});
    }
    await limitPart(db, account, { facet: 'session' }, { requestsPerMinute: 5n });
    for (const ledger of replicas) for (let n = 0; n < 20; n++) await call(ledger, {});
    const decided = await Promise.all(
      replicas.flatMap((ledger) =>
        Array.from({ length: 24 }, (_, n) => call(ledger, { sessionId: `s ${n % 3}%` })),
      ),
    );
    for (const name of ['s 0%', 's 1%', 's 2%']) {
      expect(decided.filter((one) => one === `${name} reserved`)).toHaveLength(5);
    }
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    await Promise.all(replicas.map((ledger) => ledger.close()));
  });

  test('is there before its first call is: two that make it at once share it (B5)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    await limitPart(db, account, { facet: 'end_user' }, { usdInTotal: 10n });
    const call = () => callOf(account, 6n, { endUser: 'bob' });
    await using first = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [call()]),
    );
    expect(first.output).toMatchObject([{ kind: 'reserved' }]);
    const second = reserveAll(db, [call()]);
    await untilWaiting(owner);
    await first.commit();
    expect(await second).toMatchObject([
      { kind: 'refused', used: 6n, scope: { kind: 'end_user' } },
    ]);
    expect(await spendAt(db, callOf(account, 6n, { endUser: 'eve' }))).toBe('ok');
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('of a name with a limit of its own is under that one instead', async ({ db }) => {
    const account = await makeAccount(db);
    await limitPart(db, account, { facet: 'agent' }, { usdPerDay: 10n });
    await limitPart(db, account, { facet: 'agent', name: 'planner' }, { usdPerDay: 50n });
    expect(await spendAt(db, callOf(account, 50n, { agent: 'planner' }))).toBe('ok');
    expect(await spendAt(db, callOf(account, 1n, { agent: 'planner' }))).toBe('cost agent');
    expect(await spendAt(db, callOf(account, 11n, { agent: 'coder' }))).toBe('cost agent');
    await limitPart(db, account, { facet: 'agent', name: 'planner' }, {});
    expect(await spendAt(db, callOf(account, 10n, { agent: 'planner' }))).toBe('ok');
    expect(await spendAt(db, callOf(account, 1n, { agent: 'planner' }))).toBe('cost agent');
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('a key’s model, whichever way it is spelled; the key’s other models are free of it', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    const part = { kind: 'key', facet: 'model', name: 'openai/GPT-4o' } as const;
    await limitPart(db, account, part, { usdPerMonth: 10n, requestsPerMinute: 3n });
    expect(await spendAt(db, callOf(account, 9n, { model: 'OpenAI/gpt-4o' }))).toBe('ok');
    expect(await spendAt(db, callOf(account, 2n))).toBe('cost model');
    expect(await spendAt(db, callOf(account, 20n, { model: 'claude' }))).toBe('ok');
    const other = { ...account, keyId: randomUUID() as KeyId };
    expect(await spendAt(db, callOf(other, 20n))).toBe('ok');
    // Limits of the key itself come and go, those of its parts stay.
    await inTenant(db, [account.orgId], (tx) =>
      setBudgets(tx, { orgId: account.orgId, kind: 'key', id: account.keyId }, UNLIMITED),
    );
    const ledger = replica(db);
    let admitted = 0;
    for (let n = 0; n < 100; n++) {
      if ((await ledger.reserve(callOf(account, 0n))).kind === 'reserved') admitted += 1;
    }
    expect(admitted).toBe(2); // besides the first one
    await ledger.close();
    const listed = await inTenant(db, [account.orgId], async (tx) => [
      await listBudgets(tx, account.orgId, { limit: 10 }),
      await listBudgets(tx, account.orgId, { isWhole: true, limit: 10 }),
      await listFacetLimits(tx, account.orgId, { limit: 10 }),
    ]);
    expect(listed).toMatchObject([
      [{ scope: { kind: 'model' }, limits: { usdPerMonth: 10n } }],
      [],
      [{ facet: 'model', name: 'openai/GPT-4o', limits: { requestsPerMinute: 3n } }],
    ]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('of tags are all those that a call has, each once', async ({ db }) => {
    const account = await makeAccount(db);
    await limitPart(db, account, { facet: 'tag', name: 'dear' }, { usdInTotal: 10n });
    await limitPart(db, account, { facet: 'tag', name: 'night' }, { usdInTotal: 20n });
    const both = { tags: ['night', 'dear', 'dear'] };
    expect(await spendAt(db, callOf(account, 8n, both))).toBe('ok');
    expect(await spendAt(db, callOf(account, 8n, both))).toBe('cost tag');
    expect(await spendAt(db, callOf(account, 12n, { tags: ['night'] }))).toBe('ok');
    expect(await spendAt(db, callOf(account, 1n, { tags: ['night'] }))).toBe('cost tag');
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('counts from when it is limited, also where its limit changes while calls are under way (B6)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    const ledger = replica(db);
    const before = callOf(account, 5n, { sessionId: 's' });
    await ledger.reserve(before);
    await limitPart(db, account, { facet: 'session' }, { usdPerDay: 10n });
    await ledger.settle(settlementOf(before));
    const held = callOf(account, 6n, { sessionId: 's' });
    expect(await reserveAll(db, [held])).toMatchObject([{ kind: 'reserved' }]);
    // Another window begins with what there was in it.
    await limitPart(db, account, { facet: 'session' }, { usdInTotal: 10n, requestsPerMinute: 9n });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    expect(await spendAt(db, callOf(account, 5n, { sessionId: 's' }))).toBe('cost session');
    // Taken away and set again it is another limit, and begins anew.
    await limitPart(db, account, { facet: 'session' }, {});
    await limitPart(db, account, { facet: 'session' }, { usdInTotal: 10n });
    await settleAll(db, [settlementOf(held)]);
    expect(await spendAt(db, callOf(account, 10n, { sessionId: 's' }))).toBe('ok');
    // What nobody settles is spent.
    await limitPart(db, account, { facet: 'session' }, { usdInTotal: 20n });
    await reserveAll(db, [callOf(account, 9n, { sessionId: 's' })]);
    await sql`update reservation set expires_at = created_at + interval '1 ms'`.execute(owner);
    expect(await expireDue(db, [account.orgId], 10)).toBe(1);
    expect(await spendAt(db, callOf(account, 2n, { sessionId: 's' }))).toBe('cost session');
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
    await ledger.close();
  });

  const partsOf = (db: Db, { orgId }: Account) =>
    inTenant(db, [orgId], async (tx) => {
      const { rows } = await sql<{ name: string }>`
        select split_part(scope_id, ':', 2) as name from budget where scope_kind = 'end_user' order by name
      `.execute(tx);
      return rows.map(({ name }) => name);
    });

  test('of names that only refused calls have made up is nothing kept, however many there are (M7)', async ({
    db,
  }) => {
    const account = await makeAccount(db);
    await limitPart(db, account, { facet: 'end_user' }, { usdPerDay: 10n, requestsPerMinute: 5n });
    const dear = Array.from({ length: 3_000 }, (_, n) =>
      callOf(account, 11n, { endUser: `x${n}` }),
    );
    for (let at = 0; at < dear.length; at += 500) {
      const decided = await reserveAll(db, dear.slice(at, at + 500));
      expect(new Set(decided.map(({ kind }) => kind))).toEqual(new Set(['refused']));
    }
    expect(await partsOf(db, account)).toEqual([]);
    // In one batch: of those who are admitted it is, free calls and names that somebody else is refused in too.
    const decided = await reserveAll(db, [
      callOf(account, 11n, { endUser: 'eve' }),
      callOf(account, 9n, { endUser: 'bob' }),
      callOf(account, 11n, { endUser: 'bob' }),
      callOf(account, 0n, { endUser: 'zoe' }),
    ]);
    expect(decided.map(({ kind }) => kind)).toEqual(['refused', 'reserved', 'refused', 'reserved']);
    expect(await partsOf(db, account)).toEqual(['bob', 'bob', 'zoe', 'zoe']);
    // Nor is it forgotten when its next call is refused.
    expect(await spendAt(db, callOf(account, 2n, { endUser: 'bob' }))).toBe('cost end_user');
    expect(await partsOf(db, account)).toEqual(['bob', 'bob', 'zoe', 'zoe']);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('whose first call is refused is made by the next one, which waits for it (M7, B5)', async ({
    db,
    owner,
  }) => {
    const account = await makeAccount(db);
    await limitPart(db, account, { facet: 'end_user' }, { usdInTotal: 10n });
    await using first = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [callOf(account, 11n, { endUser: 'bob' })]),
    );
    expect(first.output).toMatchObject([{ kind: 'refused' }]);
    const second = reserveAll(db, [callOf(account, 6n, { endUser: 'bob' })]);
    await untilWaiting(owner);
    await first.commit();
    expect(await second).toMatchObject([{ kind: 'reserved' }]);
    expect(await spendAt(db, callOf(account, 6n, { endUser: 'bob' }))).toBe('cost end_user');
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });
});
