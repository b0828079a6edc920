import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import {
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { afterAll, afterEach, describe, expect } from 'vitest';

import type { CallRequest } from '../call.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { type Account, budgetOf, limit, settlementOf } from '../fixture.sql.ts';
import type { Holding } from '../shares/share.ts';
import { forfeitDue, yieldShares } from '../shares/shares.sql.ts';
import { takeTurns } from '../take-turns.ts';
import { localDisk } from './disk.ts';
import { frameOf } from './frame.ts';
import { recordsOf } from './journal-file.ts';
import { admitted, CENT, type Journaled, openJournaled } from './journal-fixture.ts';
import type { JournalPlace } from './open-journal.ts';
import { readRecord } from './record.ts';
import { replayInto } from './replay.ts';

/** Many tests at once may be slow. */
const PATIENT = { timeout: 20_000 };

const directories: string[] = [];
const opened: Journaled[] = [];
afterEach(async () => {
  for (const each of opened) each.mend();
  await Promise.all(
    opened.splice(0).map(async (each) => {
      const closed = each.ledger.close();
      each.letGo();
      await closed;
    }),
  );
});
afterAll(async () => {
  await Promise.all(directories.map((path) => rm(path, { recursive: true })));
});

async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'journal-'));
  directories.push(path);
  return path;
}

async function open(db: Db, of: Partial<JournalPlace> = {}, shares = {}): Promise<Journaled> {
  const directory = of.directory ?? (await newDirectory());
  const journaled = openJournaled(db, { ...of, directory }, { shares });
  opened.push(journaled);
  await expect
    .poll(() => readdir(directory), PATIENT)
    .toContainEqual(expect.stringMatching(/\.journal$/));
  return journaled;
}

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'key', { usdPerDay: 10_000n * CENT, requestsPerMinute: 100_000n });
  await limit(db, account, 'project', { usdPerDay: 10_000n * CENT });
  return account;
}

const take = (of: Journaled, account: Account, db: Db, count: number) =>
  admitted(of.ledger, account, count, () => db.statementCount());

interface Booked {
  readonly id: string;
  readonly entry: number;
  readonly cost: bigint;
}

const booked = (db: Db, { orgId }: Account, ids: readonly string[]): Promise<Booked[]> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<Booked>`
      select id, entry, cost_pusd as cost from spend where id = any(${ids}::uuid[]) order by id, entry
    `.execute(tx);
    return rows;
  });

const bookedOnce = (ids: readonly string[], cost: bigint): Booked[] =>
  ids.toSorted().map((id) => ({ id, entry: 0, cost }));

const lostOf = (db: Db, { orgId }: Account, measure = 'cost'): Promise<bigint> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ amount: bigint }>`
      select coalesce(sum(amount), 0)::bigint as amount from lost_share
      where measure = ${measure} and scope_kind = 'key'`.execute(tx);
    return rows[0]?.amount ?? 0n;
  });

const isSound = async (db: Db, { orgId }: Account): Promise<void> =>
  expect(await checkLedger(db, [orgId])).toEqual([]);

const settledOf = async (db: Db, account: Account): Promise<bigint> => {
  const { balances } = await budgetOf(db, account, 'key');
  return balances.find(({ measure }) => measure === 'cost')?.settled ?? -1n;
};

const journalsIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((file) => file.endsWith('.journal'));

const metric = async ({ metrics }: Journaled, name: string): Promise<number> => {
  const text = await metrics.render();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
};

describe('a settlement', () => {
  test('is answered when the journal has it, and booked once when the database goes on (J1, J2)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const journaled = await open(db, { directory });
    const calls = await take(journaled, account, db, 4);
    journaled.hold();
    const half = (call: (typeof calls)[number]) => settlementOf(call, { costPusd: CENT / 2n });
    for (const call of calls) {
      expect(await journaled.ledger.settle(half(call))).toEqual({
        kind: 'settled',
        costPusd: CENT / 2n,
        overrunPusd: 0n,
        overrunTokens: 0,
      });
    }
    const ids = calls.map(({ id }) => id);
    expect(await booked(db, account, ids)).toEqual([]);
    expect(await metric(journaled, 'sagewai_ledger_journal_unbooked')).toBe(4);
    // Only ids, labels and figures; for its owner alone.
    const [file] = await journalsIn(directory);
    const path = join(directory, file ?? '');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(recordsOf(await readFile(path)).slice(-4)).toEqual(
      ids.map((id) => expect.stringContaining(id)),
    );
    journaled.letGo();
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, CENT / 2n));
    await expect.poll(() => metric(journaled, 'sagewai_ledger_journal_unbooked'), PATIENT).toBe(0);
    await isSound(db, account);
    await journaled.ledger.close();
    expect(await readdir(directory)).toEqual([]);
  });

  test('of which another is not booked yet is told what the first one books (B3)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const journaled = await open(db);
    const [call] = await take(journaled, account, db, 1);
    if (!call) throw new Error('no call');
    journaled.hold();
    await journaled.ledger.settle(settlementOf(call, { costPusd: CENT / 2n }));
    const again = journaled.ledger.settle(settlementOf(call));
    journaled.letGo();
    expect(await again).toMatchObject({ costPusd: CENT / 2n });
    expect(await booked(db, account, [call.id])).toEqual(bookedOnce([call.id], CENT / 2n));
    await isSound(db, account);
  });

  test('that exceeds its reservation waits for the database (M1)', async ({ db }) => {
    const account = await openAccount(db);
    const journaled = await open(db);
    const [call] = await take(journaled, account, db, 1);
    if (!call) throw new Error('no call');
    journaled.hold();
    let isAnswered = false;
    const settling = journaled.ledger
      .settle(settlementOf(call, { costPusd: 3n * CENT }))
      .finally(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isAnswered).toBe(false);
    journaled.letGo();
    expect(await settling).toMatchObject({ overrunPusd: 2n * CENT });
    expect(await booked(db, account, [call.id])).toHaveLength(1);
  });

  test('is in the database at once when nothing else is under way', async ({ db }) => {
    const account = await openAccount(db);
    const journaled = await open(db, { gatherMs: 60_000 });
    const [call] = await take(journaled, account, db, 1);
    if (!call) throw new Error('no call');
    await journaled.ledger.settle(settlementOf(call));
    await expect.poll(() => booked(db, account, [call.id]), PATIENT).toHaveLength(1);
  });

  test('that is not booked keeps its part of a share that is given back (S1, S5)', async ({
    db,
    url,
  }) => {
    const account = await openAccount(db);
    const journaled = await open(db, {}, { listenUrl: url });
    const calls = await take(journaled, account, db, 3);
    journaled.hold();
    await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
    // Whoever changes a limit calls the shares back, and waits for them.
    const raised = limit(db, account, 'key', { usdPerDay: 20_000n * CENT });
    journaled.letGo();
    await raised;
    const ids = calls.map(({ id }) => id);
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, CENT));
    await isSound(db, account);
  });

  test('is tried again for as long as it takes (J2)', async ({ db }) => {
    const account = await openAccount(db);
    const journaled = await open(db);
    const calls = await take(journaled, account, db, 3);
    journaled.cut();
    await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
    await new Promise((resolve) => setTimeout(resolve, 500)); // Longer than settlements are tried.
    journaled.mend();
    const ids = calls.map(({ id }) => id);
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, CENT));
    await isSound(db, account);
  });
});

describe('a journal that cannot take a settlement (J4)', () => {
  test('has it wait for the database: a disk that is full', async ({ db }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    let isFull = false;
    const disk = {
      ...localDisk,
      create: (path: string, bytes: number) =>
        isFull ? Promise.reject(new Error('ENOSPC')) : localDisk.create(path, bytes),
      write: (fd: number, bytes: Buffer, position: number) =>
        isFull ? Promise.reject(new Error('ENOSPC')) : localDisk.write(fd, bytes, position),
    };
    const journaled = await open(db, { directory, disk });
    const [before, first, second, after] = await take(journaled, account, db, 4);
    if (!before || !first || !second || !after) throw new Error('no calls');
    journaled.hold();
    await journaled.ledger.settle(settlementOf(before));
    isFull = true;
    const settled: string[] = [];
    const settling = [first, second].map(async (call) => {
      await journaled.ledger.settle(settlementOf(call));
      settled.push(call.id);
    });
    await expect
      .poll(() => metric(journaled, 'sagewai_ledger_journal_fallbacks_total'), PATIENT)
      .toBe(2);
    expect(settled).toEqual([]);
    // J3. What was durable before is not given up.
    expect(await journalsIn(directory)).toHaveLength(1);
    journaled.letGo();
    await Promise.all(settling);
    const ids = [before.id, first.id, second.id];
    expect(await booked(db, account, ids)).toEqual(bookedOnce(ids, CENT));
    await expect.poll(() => journalsIn(directory), PATIENT).toEqual([]);
    // There is room again: another file, and the database is not waited for.
    isFull = false;
    await expect.poll(() => journalsIn(directory), PATIENT).toHaveLength(1);
    journaled.hold();
    await journaled.ledger.settle(settlementOf(after));
    journaled.letGo();
    await expect.poll(() => booked(db, account, [after.id]), PATIENT).toHaveLength(1);
    await isSound(db, account);
  });

  test('has it wait for the database: too much is not booked, or both parts are in use (J3)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const bounded = await open(db, { backlogMax: 2 });
    const small = await open(db, { partBytes: 1_024 }, {});
    for (const [journaled, why] of [
      [bounded, 'backlog'],
      [small, 'full'],
    ] as const) {
      const calls = await take(journaled, account, db, 8);
      journaled.hold();
      const name = `sagewai_ledger_journal_fallbacks_total{why="${why}"}`;
      const before = await metric(journaled, name);
      let answered = 0;
      const settling: Promise<unknown>[] = [];
      for (const call of calls) {
        settling.push(journaled.ledger.settle(settlementOf(call)).then(() => (answered += 1)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(answered).toBeGreaterThan(0);
      expect(answered).toBeLessThan(8);
      expect(await metric(journaled, name)).toBe(before + 8 - answered);
      journaled.letGo();
      await Promise.all(settling);
      const ids = calls.map(({ id }) => id);
      expect(await booked(db, account, ids)).toEqual(bookedOnce(ids, CENT));
    }
    await isSound(db, account);
  });

  test('goes on in another file when its socket is removed, and what was in the first is booked once (J1, J2)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const journaled = await open(db, { directory });
    const calls = await take(journaled, account, db, 4);
    journaled.hold();
    const [first = ''] = await journalsIn(directory);
    const settle = (from: number, to: number) =>
      Promise.all(calls.slice(from, to).map((call) => journaled.ledger.settle(settlementOf(call))));
    await settle(0, 2);
    await rm(join(directory, first.replace(/\..*/, '.sock')));
    const isOther = (file: string): boolean => file.split('.')[0] !== first.split('.')[0];
    await expect
      .poll(async () => (await readdir(directory)).filter(isOther).toSorted(), PATIENT)
      .toEqual([expect.stringMatching(/\.journal$/), expect.stringMatching(/\.sock$/)]);
    await settle(2, 4);
    const [second = ''] = (await journalsIn(directory)).filter(isOther);
    const later = recordsOf(await readFile(join(directory, second)));
    expect(later).toEqual(calls.slice(2).map(({ id }) => expect.stringContaining(id)));
    // Another one takes what the first file has, which nobody is seen to own, and leaves the second alone.
    const ids = calls.map(({ id }) => id);
    await open(db, { directory });
    await expect.poll(() => booked(db, account, ids.slice(0, 2)), PATIENT).toHaveLength(2);
    expect(await booked(db, account, ids.slice(2))).toEqual([]);
    journaled.letGo();
    const cost = settlementOf(calls[0] ?? expect.fail()).costPusd ?? 0n;
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, cost));
    await isSound(db, account);
  });

  test('is used again, part after part, as what was in it is booked (J3)', async ({ db }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const journaled = await open(db, { directory, partBytes: 2_048 });
    const ids: string[] = [];
    for (let wave = 0; wave < 6; wave += 1) {
      const calls = await take(journaled, account, db, 3);
      await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
      ids.push(...calls.map(({ id }) => id));
      await expect.poll(() => booked(db, account, ids), PATIENT).toHaveLength(ids.length);
    }
    expect(await metric(journaled, 'sagewai_ledger_journal_fallbacks_total')).toBe(0);
    const [file] = await journalsIn(directory);
    expect((await stat(join(directory, file ?? ''))).size).toBe(4_096);
  });
});

/** Runs a replica until it has settled calls by its journal alone, and kills it. */
async function killOne(
  url: string,
  of: { readonly directory: string; readonly account: Account; readonly ttlMs: number },
): Promise<{ readonly ids: readonly string[]; readonly kill: () => Promise<void> }> {
  const file = new URL('killed-main-fixture.ts', import.meta.url).pathname;
  const words = [url, of.directory, JSON.stringify(of.account), String(of.ttlMs)];
  const child = spawn(process.execPath, ['--no-warnings', file, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await exited;
    };
    return { ids: JSON.parse(line) as string[], kill };
  }
  throw new Error('the replica ended by itself');
}

describe('a replica that is killed', () => {
  test('loses nothing: the next one books what was in its journal, once, and the rest as lost (M2, J2)', async ({
    db,
    url,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const { ids, kill } = await killOne(url, { directory, account, ttlMs: 60_000 });
    const before = await settledOf(db, account);
    const journaled = await open(db, { directory });
    // As long as it lives its journal is its own.
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await booked(db, account, ids)).toEqual([]);
    await kill();
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, CENT / 2n));
    await expect
      .poll(() => metric(journaled, 'sagewai_ledger_journal_replayed_total'), PATIENT)
      .toBeGreaterThan(4);
    await expect.poll(() => journalsIn(directory), PATIENT).toHaveLength(1);
    // Its holding was not waited for; calls that were under way without a settlement are lost in full.
    const lost = await lostOf(db, account);
    expect(lost).toBeGreaterThanOrEqual(3n * CENT);
    expect(await settledOf(db, account)).toBe(before + 5n * (CENT / 2n) + lost);
    await isSound(db, account);
  });

  test('has its settlements booked once, also when its shares were lost before, and by several (B3)', async ({
    db,
    url,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const { ids, kill } = await killOne(url, { directory, account, ttlMs: 1_000 });
    await kill();
    const expired = (): Promise<number> => forfeitDue(db, [account.orgId], 10);
    await expect.poll(expired, PATIENT).toBe(1);
    const lost = await lostOf(db, account);
    const before = await settledOf(db, account);
    const [file] = await journalsIn(directory);
    const path = join(directory, file ?? '');
    const bytes = await readFile(path);
    const replay = replayInto({ db, log: silentLog, clock: systemClock, takeTurn: takeTurns() });
    await Promise.all([replay(recordsOf(bytes)), replay(recordsOf(bytes))]);
    await replay(recordsOf(bytes));
    expect(await booked(db, account, ids)).toEqual(bookedOnce(ids, CENT / 2n));
    // What they cost was in what was lost.
    expect(await lostOf(db, account)).toBe(lost - 5n * (CENT / 2n));
    expect(await settledOf(db, account)).toBe(before);
    await isSound(db, account);
  });
});

describe('what is found in a journal', () => {
  test('is booked for a key that is gone, and settles what has become a reservation (J2)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const journaled = await open(db, { directory });
    const calls = await take(journaled, account, db, 2);
    journaled.cut();
    await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
    const [file] = await journalsIn(directory);
    const left = recordsOf(await readFile(join(directory, file ?? '')));
    journaled.mend();
    // Its limits are gone, and with them its shares.
    await limit(db, account, 'key', {});
    const replay = replayInto({ db, log: silentLog, clock: systemClock, takeTurn: takeTurns() });
    await replay(left);
    const ids = calls.map(({ id }) => id);
    await expect.poll(() => booked(db, account, ids), PATIENT).toEqual(bookedOnce(ids, CENT));
    await isSound(db, account);
  });

  test('is settled where the last statement of its process makes a reservation of it meanwhile (B3, J2)', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    const { orgId } = account;
    const directory = await newDirectory();
    const journaled = await open(db, { directory });
    const calls = await take(journaled, account, db, 2);
    journaled.cut();
    await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
    const [file] = await journalsIn(directory);
    const own = new Map(calls.map((call) => [call.id, call]));
    const left = recordsOf(await readFile(join(directory, file ?? ''))).filter((line) =>
      own.has(readRecord(line, Date.now()).settlement.id),
    );
    const ofProcess = left.map((line) => {
      const { call, settlement, elapsedMs } = readRecord(line, Date.now());
      const request = own.get(settlement.id) as CallRequest;
      const holding = call.holding as Holding;
      return {
        elapsedMs,
        call: { ...call, request, holding, scopes: [], admittedMs: 0, isJournaled: true },
      };
    });
    expect(ofProcess).toHaveLength(2);
    const holdingId = ofProcess[0]?.call.holding.id ?? '';
    await using yielding = await holdTransaction(db, [orgId], (tx) =>
      yieldShares(tx, { orgId, holdingId, budgetIds: null, calls: ofProcess }),
    );
    expect(yielding.output).toBe(true);
    const replay = replayInto({ db, log: silentLog, clock: systemClock, takeTurn: takeTurns() });
    const replaying = replay(left);
    await untilWaiting(owner);
    await yielding.commit();
    await replaying;
    const ids = calls.map(({ id }) => id);
    expect(await booked(db, account, ids)).toEqual(bookedOnce(ids, CENT));
    const reserved = await inTenant(db, [orgId], (tx) =>
      sql`select from reservation where id = any(${ids}::uuid[])`.execute(tx),
    );
    expect(reserved.rows).toEqual([]);
    await isSound(db, account);
  });

  test('and is refused by the database stands in the log, and holds up nothing else', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    const errors: unknown[] = [];
    const log = { ...silentLog, error: (...words: unknown[]) => void errors.push(words) };
    const journaled = await open(db, { directory });
    const [call] = await take(journaled, account, db, 1);
    if (!call) throw new Error('no call');
    journaled.cut();
    await journaled.ledger.settle(settlementOf(call));
    const [file] = await journalsIn(directory);
    const line = recordsOf(await readFile(join(directory, file ?? ''))).at(-1) ?? '';
    const replay = replayInto({ db, log, clock: systemClock, takeTurn: takeTurns() });
    const spoilt = line.replaceAll(call.id, randomUUID()).replace('"status":"ok"', '"status":"?"');
    expect(spoilt).not.toBe(line);
    await replay([spoilt, line]);
    expect(errors).toHaveLength(1);
    expect(await booked(db, account, [call.id])).toEqual(bookedOnce([call.id], CENT));
    journaled.mend();
  });

  test('is left alone where a file is of nobody’s making, and a clean start follows a clean end', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const directory = await newDirectory();
    await writeFile(join(directory, 'torn.0.journal'), Buffer.alloc(100));
    await writeFile(join(directory, 'notes.txt'), 'mine');
    // Whole, but not ours to read: it holds up no other.
    const foreign = frameOf('of a later version', 18, 1);
    const other = Buffer.alloc(foreign.length);
    await writeFile(join(directory, 'another.0.journal'), Buffer.concat([foreign, other]));
    const journaled = await open(db, { directory });
    await expect.poll(() => journalsIn(directory), PATIENT).toHaveLength(2);
    const calls = await take(journaled, account, db, 5);
    await Promise.all(calls.map((call) => journaled.ledger.settle(settlementOf(call))));
    await journaled.ledger.close();
    expect(
      await booked(
        db,
        account,
        calls.map(({ id }) => id),
      ),
    ).toHaveLength(5);
    expect(await readdir(directory)).toEqual(['another.0.journal', 'notes.txt']);
  });
});
