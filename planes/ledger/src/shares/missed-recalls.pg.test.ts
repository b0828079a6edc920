import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';

import { silentLog } from '@sagewai/log';
import { inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { expect } from 'vitest';

import { createLedger } from '../create-ledger.ts';
import { type Account, callOf, limit, settlementOf } from '../fixture.sql.ts';

const CENT = 10_000_000_000n;

/** The same database behind a door that is closed at first. */
async function doorTo(url: string): Promise<{ url: string; open(): void } & AsyncDisposable> {
  let isOpen = false;
  const through = new Set<Socket>();
  const of = new URL(url);
  const directory = of.searchParams.get('host');
  const path = directory === null ? null : `${directory}/.s.PGSQL.${of.port}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (!isOpen) return void socket.destroy();
    const onward = path === null ? connect(Number(of.port), of.hostname) : connect(path);
    onward.on('error', () => undefined);
    through.add(socket).add(onward);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const behind = new URL(url);
  behind.hostname = '127.0.0.1';
  behind.port = String(address.port);
  behind.searchParams.delete('host');
  return {
    url: behind.href,
    open: () => void (isOpen = true),
    [Symbol.asyncDispose]: async () => {
      for (const socket of through) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

test('a holder that rests gives everything back once it hears again: a recall may have been missed (M1)', async ({
  db,
  url,
}) => {
  await using door = await doorTo(url);
  const { orgId, projectId } = await makeTenant(db);
  const account: Account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'key', { usdPerDay: 300n * CENT });
  const parts = { db, log: silentLog };
  const shares = { listenUrl: door.url, callsASecondMin: 2, idleMs: 60_000 };
  const holder = createLedger({ ...parts, metrics: createMetrics(), shares });
  const other = createLedger({ ...parts, metrics: createMetrics() });
  const count = async (of: 'share' | 'reservation'): Promise<number> =>
    inTenant(db, [orgId], async (tx) => {
      const { rows } = await (
        of === 'share'
          ? sql<{ count: number }>`select count(*)::int as count from share`
          : sql<{ count: number }>`select count(*)::int as count from reservation`
      ).execute(tx);
      return rows[0]?.count ?? 0;
    });
  for (let isShared = false; !isShared;) {
    const call = callOf(account, CENT);
    await holder.reserve(call);
    isShared = (await count('reservation')) === 0;
    await holder.settle(settlementOf(call));
  }
  const dear = callOf(account, CENT);
  await other.reserve(dear);
  await other.settle(settlementOf(dear, { costPusd: 400n * CENT }));
  expect(await count('share')).toBeGreaterThan(0);

  door.open();
  await expect.poll(() => count('share'), { timeout: 20_000 }).toBe(0);
  expect((await holder.reserve(callOf(account, CENT))).kind).toBe('refused');
  await holder.close();
  await other.close();
});
