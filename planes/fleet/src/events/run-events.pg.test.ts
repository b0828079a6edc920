import { inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import { reportRuns, takeBack } from '../dispatch/leases.sql.ts';
import { type ClaimAnswer, claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import type { Report } from '../runs/run.ts';
import type { EventBatch, EventLimits, SaidEvent } from './run-event.ts';
import {
  appendEvents,
  forgetHeads,
  readEvents,
  readHeads,
  readMarks,
  rotateEventDays,
} from './run-events.sql.ts';

const PLENTY: EventLimits = { perSecond: 1e6, atOnce: 1e6, perRun: 1e6, bytesPerRun: 1e9 };

const line = (text: string): SaidEvent => ({
  kind: 'log',
  level: 'info',
  text,
  fraction: null,
  data: null,
});

const batch = (place: Place, lease: ClaimAnswer, of: Partial<EventBatch> = {}): EventBatch => ({
  runId: lease.runId,
  orgId: place.tenant.orgId,
  workerNum: place.num,
  sessionEpoch: 1n,
  epoch: lease.epoch,
  first: 1n,
  events: [line('one'), line('two')],
  ...of,
});

const ends = (place: Place, { runId, epoch }: ClaimAnswer): Report => ({
  runId,
  epoch,
  orgId: place.tenant.orgId,
  workerNum: place.num,
  sessionEpoch: 1n,
  status: 'failed',
  output: null,
  error: null,
  retry: false,
  errorClass: null,
  deadLetter: false,
});

async function claimOne(db: Parameters<typeof makePlace>[0], runs = 1) {
  const place = await makePlace(db, await makeTenant(db));
  await submitRuns(
    db,
    Array.from({ length: runs }, () => newRun(place)),
  );
  const leases = await claimRuns(db, requestOf(place));
  const said = (runId: RunId, after = 0n) =>
    inTenant(db, [place.tenant.orgId], (tx) => readEvents(tx, { runId, after, limit: 100 }));
  return { place, leases, lease: leases[0] as ClaimAnswer, said };
}

test('events of many runs are appended at once, and read from a cursor on (N2)', async ({ db }) => {
  const { place, leases, said } = await claimOne(db, 2);
  const [one, other] = leases as [ClaimAnswer, ClaimAnswer];
  const answers = await appendEvents(
    db,
    [
      batch(place, other, { events: [line('of the other')] }),
      batch(place, one, {
        events: [
          line('a'),
          { ...line('half'), kind: 'progress', level: null, fraction: 0.5 },
          { ...line('found'), kind: 'custom', level: null, data: '{"n":1}' },
        ],
      }),
    ],
    PLENTY,
  );
  expect(answers.map(({ kept, next }) => [kept, next])).toEqual([
    [1, 2n],
    [3, 4n],
  ]);
  const events = await said(one.runId);
  expect(events.map(({ seq, kind, text }) => [seq, kind, text])).toEqual([
    [1n, 'log', 'a'],
    [2n, 'progress', 'half'],
    [3n, 'custom', 'found'],
  ]);
  expect(events[2]?.data).toEqual({ n: 1 });
  expect(await said(one.runId, 2n)).toHaveLength(1);
  await inTenant(db, [place.tenant.orgId], async (tx) => {
    const heads = await readHeads(tx, [one.runId]);
    expect(heads).toMatchObject([{ seq: 3n, fraction: 0.5, message: 'half', leftOut: 0n }]);
    const marks = await readMarks(tx, [one.runId, other.runId]);
    expect(marks.map(({ mark }) => mark).toSorted()).toEqual(['1', '3']);
  });
  const foreign = await makeTenant(db);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await readEvents(tx, { runId: one.runId, after: 0n, limit: 10 })).toEqual([]);
    expect(await readMarks(tx, [one.runId])).toEqual([]);
  });
});

test('what is said under another epoch, session, worker or organization is refused (F1, N1)', async ({
  db,
}) => {
  const { place, lease, said } = await claimOne(db);
  const stranger = await makePlace(db, await makeTenant(db));
  const wrong = [
    batch(place, lease, { epoch: lease.epoch + 1n }),
    batch(place, lease, { sessionEpoch: 2n }),
    batch(place, lease, { workerNum: stranger.num }),
    batch(place, lease, { orgId: stranger.tenant.orgId }),
  ];
  for (const one of wrong) {
    expect(await appendEvents(db, [one], PLENTY)).toMatchObject([{ how: 'lost', kept: 0 }]);
  }
  await reportRuns(db, [ends(place, lease)], 1_000);
  expect(await appendEvents(db, [batch(place, lease)], PLENTY)).toMatchObject([{ how: 'lost' }]);
  expect(await said(lease.runId)).toEqual([]);
});

test('a report waits for what is being said, so nothing comes after the outcome (N1)', async ({
  db,
  owner,
}) => {
  const { place, lease, said } = await claimOne(db);
  await using held = await holdTransaction(db, [place.tenant.orgId], (tx) =>
    appendEvents(tx, [batch(place, lease)], PLENTY),
  );
  const report = reportRuns(db, [ends(place, lease)], 1_000);
  await untilWaiting(owner);
  await held.commit();
  expect(await report).toMatchObject([{ how: 'ok' }]);
  expect(await said(lease.runId)).toHaveLength(2);
});

test('a batch that is repeated, also while the first is under way, is kept once (N2)', async ({
  db,
  owner,
}) => {
  const { place, lease, said } = await claimOne(db);
  await using held = await holdTransaction(db, [place.tenant.orgId], (tx) =>
    appendEvents(tx, [batch(place, lease)], PLENTY),
  );
  const again = appendEvents(db, [batch(place, lease)], PLENTY);
  await untilWaiting(owner);
  await held.commit();
  expect(await again).toMatchObject([{ how: 'ok', kept: 0, next: 3n }]);
  const longer = { events: [line('two'), line('three')], first: 2n };
  expect(await appendEvents(db, [batch(place, lease, longer)], PLENTY)).toMatchObject([
    { kept: 1, next: 4n },
  ]);
  expect((await said(lease.runId)).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
});

test('two batches of one run at once, at two replicas, take turns (N2)', async ({ db, owner }) => {
  const { place, lease, said } = await claimOne(db);
  await appendEvents(db, [batch(place, lease)], PLENTY);
  const third = { events: [line('three')], first: 3n };
  const both = { events: [line('three'), line('four')], first: 3n };
  await using held = await holdTransaction(db, [place.tenant.orgId], (tx) =>
    appendEvents(tx, [batch(place, lease, third)], PLENTY),
  );
  const other = appendEvents(db, [batch(place, lease, both)], PLENTY);
  await untilWaiting(owner);
  await held.commit();
  expect(await other).toMatchObject([{ how: 'ok', kept: 1, next: 5n }]);
  const texts = (await said(lease.runId)).map(({ text }) => text);
  expect(texts).toEqual(['one', 'two', 'three', 'four']);
});

test('the next attempt goes on in the same log under numbers of its own', async ({ db }) => {
  const { place, lease, said } = await claimOne(db);
  await appendEvents(db, [batch(place, lease)], PLENTY);
  await takeBack(db, [lease], { why: 'lost', counts: true });
  const [second] = await claimRuns(db, requestOf(place));
  await appendEvents(db, [batch(place, second as ClaimAnswer)], PLENTY);
  const events = await said(lease.runId);
  expect(events.map(({ seq, attempt }) => [seq, attempt])).toEqual([
    [1n, 1],
    [2n, 1],
    [3n, 2],
    [4n, 2],
  ]);
});

test('what is too much is left out, counted, and told by the next event (N3)', async ({
  db,
  owner,
}) => {
  const { place, lease, said } = await claimOne(db);
  const limits = { ...PLENTY, perSecond: 1, atOnce: 3 };
  const five = Array.from({ length: 5 }, (_, at) => line(`${at + 1}`));
  const say = (first: number, events = five) =>
    appendEvents(db, [batch(place, lease, { first: BigInt(first), events })], limits);
  expect(await say(1)).toMatchObject([{ kept: 3, leftOut: 2, next: 6n }]);
  expect(await say(6)).toMatchObject([{ kept: 0, leftOut: 5 }]);
  await sql`update run_event_head set last_at = last_at - interval '1.5 seconds'`.execute(owner);
  // The worker itself had no room for 11 to 13.
  expect(await say(14, [line('14'), line('15')])).toMatchObject([{ kept: 1, leftOut: 1 }]);
  const events = await said(lease.runId);
  expect(events.map(({ text, leftOut }) => [text, leftOut])).toEqual([
    ['1', 0],
    ['2', 0],
    ['3', 0],
    ['14', 10],
  ]);
  await inTenant(db, [place.tenant.orgId], async (tx) => {
    expect(await readHeads(tx, [lease.runId])).toMatchObject([{ leftOut: 11n }]);
  });
});

test('a run keeps so many events and bytes, and its progress even beyond', async ({ db }) => {
  const { place, leases, said } = await claimOne(db, 2);
  const [few, small] = leases as [ClaimAnswer, ClaimAnswer];
  const progress: SaidEvent = { ...line('late'), kind: 'progress', level: null, fraction: 0.9 };
  const events = [line('one'), line('two'), progress];
  await appendEvents(db, [batch(place, few, { events })], { ...PLENTY, perRun: 2 });
  expect(await said(few.runId)).toHaveLength(2);
  const short = { ...PLENTY, bytesPerRun: 3 };
  await appendEvents(db, [batch(place, small)], short);
  await appendEvents(db, [batch(place, small, { first: 3n })], short);
  expect(await said(small.runId)).toHaveLength(2);
  await inTenant(db, [place.tenant.orgId], async (tx) => {
    const heads = await readHeads(tx, [few.runId]);
    expect(heads).toMatchObject([{ fraction: 0.9, message: 'late', leftOut: 1n }]);
  });
});

test('days are made ahead, and dropped when they are over', async ({
  db,
  dispatch,
  owner,
  open,
}) => {
  const { place, lease, said } = await claimOne(db);
  await appendEvents(db, [batch(place, lease)], PLENTY);
  const days = async (): Promise<number> => {
    const { rows } = await sql<{ days: number }>`
      select count(*)::int as days from pg_inherits where inhparent = 'run_event'::regclass
    `.execute(owner);
    return rows[0]?.days ?? 0;
  };
  await rotateEventDays(dispatch, { ahead: 2, keep: 30 });
  const before = await days();
  const later = open({ role: 'sagewai_dispatch', clockOffsetSeconds: 5 * 86_400 });
  expect(await rotateEventDays(later, { ahead: 2, keep: 30 })).toBe(0);
  expect(await days()).toBe(before + 3);
  expect(await said(lease.runId)).toHaveLength(2);
  expect(await rotateEventDays(later, { ahead: 2, keep: 1 })).toBeGreaterThanOrEqual(3);
  expect(await said(lease.runId)).toEqual([]);
  const request = open({ clockOffsetSeconds: 5 * 86_400 });
  await inTenant(request, [place.tenant.orgId], async (tx) => {
    await forgetHeads(tx, 30);
    expect(await readHeads(tx, [lease.runId])).toHaveLength(1);
    await forgetHeads(tx, 1);
    expect(await readHeads(tx, [lease.runId])).toEqual([]);
  });
  await expect(rotateEventDays(db, { ahead: 1, keep: 1 })).rejects.toThrow('permission denied');
});
