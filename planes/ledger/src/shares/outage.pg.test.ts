import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { expect } from 'vitest';

import type { CallRequest, Reservation } from '../call.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { type Account, callOf, limit, settlementOf } from '../fixture.sql.ts';
import { CENT, type Journaled, openJournaled } from '../journal/journal-fixture.ts';
import { OUTAGE_TAG } from './outage.ts';

const PATIENT = { timeout: 20_000 };
const OUTAGE = { openForMs: 60_000, openPusd: 10n * CENT, keptMs: 60_000 };

const openCall = (account: Account): CallRequest => ({
  ...callOf(account, CENT),
  onOutage: 'open',
});

/** Calls until one was admitted while the database was away. */
async function untilOutage(of: Journaled, account: Account): Promise<CallRequest> {
  let admitted: { call: CallRequest; answer: Reservation | null } | null = null;
  await expect
    .poll(
      async () => {
        const call = openCall(account);
        const answer = await of.ledger.reserve(call).catch(() => null);
        if (answer?.kind === 'reserved') {
          await of.ledger.settle(settlementOf(call, { costPusd: CENT / 2n }));
          admitted = { call, answer };
        }
        return answer?.kind === 'reserved' && answer.isDuringOutage === true;
      },
      { ...PATIENT, interval: 200 },
    )
    .toBe(true);
  if (admitted === null) throw new Error('none was');
  return (admitted as { call: CallRequest }).call;
}

const rowsOf = (db: Db, { orgId }: Account, id: string) =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ cost: bigint; tags: string[] }>`
      select cost_pusd as cost, tags from spend where id = ${id} order by entry
    `.execute(tx);
    return rows;
  });

test('what was spent in an outage is booked once by the next process, when that of the outage has ended (O1, J2)', async ({
  db,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'key', { usdPerDay: 1_000n * CENT });
  const directory = await mkdtemp(join(tmpdir(), 'outage-'));
  const start = (): Journaled =>
    openJournaled(db, { directory }, { shares: { ttlMs: 1_000 }, outage: OUTAGE });
  const first = start();
  let second: Journaled | null = null;
  try {
    await expect
      .poll(async () => {
        const statements = db.statementCount();
        const call = openCall(account);
        await first.ledger.reserve(call);
        const isShared = db.statementCount() === statements;
        await first.ledger.settle(settlementOf(call));
        return isShared;
      }, PATIENT)
      .toBe(true);
    first.cut();
    const call = await untilOutage(first, account);
    // A key that is closed asks the database, and so does one whose holding is not there.
    await expect(first.ledger.reserve(callOf(account, CENT))).rejects.toMatchObject({
      code: 'service.unavailable',
    });
    await first.ledger.close().catch(() => {}); // nobody takes back what it holds
    expect(await rowsOf(db, account, call.id)).toEqual([]);
    second = start();
    await expect
      .poll(() => rowsOf(db, account, call.id), PATIENT)
      .toEqual([{ cost: CENT / 2n, tags: [OUTAGE_TAG] }]);
    await expect.poll(() => checkLedger(db, [orgId]), PATIENT).toEqual([]);
  } finally {
    await second?.ledger.close();
    await rm(directory, { recursive: true });
  }
});
