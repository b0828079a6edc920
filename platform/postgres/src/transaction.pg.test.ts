import { databaseTest as test } from '@sagewai/testing';
import type { OrganizationId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { Executor } from './database.ts';
import { sql } from './statement.ts';
import { inTenant, inTransaction } from './transaction.ts';

const ACME = '0199aaaa-0000-7000-8000-00000000000a' as OrganizationId;
const BETA = '0199aaaa-0000-7000-8000-00000000000b' as OrganizationId;

const visible = async (executor: Executor): Promise<string[] | null> => {
  const { rows } = await sql<{ orgs: string[] | null }>`select visible_orgs() as orgs`.execute(
    executor,
  );
  return rows[0]?.orgs ?? null;
};

describe('inTenant', () => {
  test('sees exactly the organizations it names, and only inside', async ({ db }) => {
    expect(await inTenant(db, [ACME, BETA], visible)).toEqual([ACME, BETA]);
    expect(await inTransaction(db, visible)).toBeNull();
    expect(await visible(db)).toBeNull();
  });

  test('an empty list sees nobody', async ({ db }) => {
    expect(await inTenant(db, [], visible)).toBeNull();
  });

  test('a throw rolls back and leaves no setting on the connection', async ({ db }) => {
    const failed = inTenant(db, [ACME], () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    for (let i = 0; i < 20; i += 1) expect(await visible(db)).toBeNull();
  });

  test('a failed statement that nobody minds still fails the transaction', async ({ db }) => {
    let isCommitted = false;
    const failed = inTenant(db, [ACME], async (tx) => {
      tx.onCommit(() => (isCommitted = true));
      await sql`select 1 / 0`.execute(tx).catch(() => undefined);
    });
    await expect(failed).rejects.toThrow('nothing was committed');
    expect(isCommitted).toBe(false);
    expect(await inTenant(db, [BETA], visible)).toEqual([BETA]);
  });

  test('a failed statement fails the transaction, and the pool goes on', async ({ db }) => {
    const failed = inTenant(db, [ACME], (tx) => sql`select 1 / 0`.execute(tx));
    await expect(failed).rejects.toThrow('division by zero');
    expect(await inTenant(db, [BETA], visible)).toEqual([BETA]);
  });

  test('what waits for the commit runs after it, and not after a rollback', async ({ db }) => {
    const ran: string[] = [];
    await inTenant(db, [ACME], async (tx) => {
      tx.onCommit(() => ran.push('committed'));
      expect(ran).toEqual([]);
      await visible(tx);
    });
    await inTenant(db, [ACME], (tx) => {
      tx.onCommit(() => ran.push('rolled back'));
      return Promise.reject(new Error('no'));
    }).catch(() => undefined);
    expect(ran).toEqual(['committed']);
  });
});

describe('values', () => {
  test('wide integers are exact in both directions', async ({ db }) => {
    const big = 9_223_372_036_854_775_807n;
    const huge = 12_345_678_901_234_567_890_123_456_789n;
    const { rows } = await sql<{ big: bigint; huge: bigint; list: bigint[] }>`
      select ${big}::int8 as big, ${huge}::numeric(38,0) as huge, ${[1n, big]}::int8[] as list
    `.execute(db);
    expect(rows).toEqual([{ big, huge, list: [1n, big] }]);
  });
});
