import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { connect } from './database.ts';
import { withPatience } from './patience.ts';
import { sql } from './statement.ts';
import { inTransaction } from './transaction.ts';

const ask = (text: string, seconds: number) =>
  sql<{ text: string; pid: number }>`
    select ${text}::text as text, pg_backend_pid() as pid from pg_sleep(${seconds})
  `;

test('a statement that is not answered in time has lost its connection: no other gets its answer', async ({
  url,
}) => {
  const db = connect({ url, role: null, maxConnections: 1, answerTimeoutMs: 300 });
  try {
    const before = (await ask('before', 0).execute(db)).rows[0];
    await expect(ask('late', 1).execute(db)).rejects.toThrow('Query read timeout');
    const after = (await ask('after', 0).execute(db)).rows[0];
    expect(after?.text).toBe('after');
    expect(after?.pid).not.toBe(before?.pid);

    const within = inTransaction(db, async (tx) => {
      await ask('in a transaction', 1).execute(tx);
    });
    await expect(within).rejects.toThrow(/Query read timeout|Connection terminated/);
    expect((await ask('still', 0).execute(db)).rows[0]?.text).toBe('still');
  } finally {
    await db.close();
  }
});

test('background work has more patience', async ({ url }) => {
  const db = connect({ url, role: null, maxConnections: 1, answerTimeoutMs: 100 });
  try {
    const patient = withPatience(20_000, () => ask('slow', 0.4).execute(db));
    expect((await patient).rows[0]?.text).toBe('slow');
  } finally {
    await db.close();
  }
});
