import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { expect } from 'vitest';

import { reportRuns, takeBack } from '../dispatch/leases.sql.ts';
import {
  cancelRun,
  type ClaimAnswer,
  claimRuns,
  expireRuns,
  submitRuns,
} from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import { findRun, listRuns, readStates } from '../runs/runs.sql.ts';
import type { Answer, NewWait } from './wait.ts';
import { beginWaits, endWaits, findWait, forgetWaits, resumeRun } from './waits.sql.ts';

const HOUR_MS = 3_600_000;

interface Here {
  readonly place: Place;
  readonly lease: ClaimAnswer;
  readonly wait: (of?: Partial<NewWait>) => NewWait;
  readonly answer: (of?: Partial<Answer>) => Answer;
  readonly inside: <Output>(work: Parameters<typeof inTenant<Output>>[2]) => Promise<Output>;
}

async function claimed(db: Db, of: Parameters<typeof newRun>[1] = {}): Promise<Here> {
  const place = await makePlace(db, await makeTenant(db));
  await submitRuns(db, [newRun(place, of)]);
  const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
  const { runId, epoch } = lease;
  const { orgId } = place.tenant;
  return {
    place,
    lease,
    wait: (more = {}) => ({
      runId,
      orgId,
      epoch,
      workerNum: place.num,
      sessionEpoch: 1n,
      kind: 'approval',
      name: 'go',
      prompt: 'May it?',
      timeoutMs: HOUR_MS,
      ...more,
    }),
    answer: (more = {}) => ({
      runId,
      kind: 'approved',
      name: null,
      wait: null,
      value: '{"n":1}',
      by: 'token:ann',
      ...more,
    }),
    inside: (work) => inTenant(db, [orgId], work),
  };
}

const claimAgain = async (db: Db, { place }: Here): Promise<ClaimAnswer | undefined> =>
  (await claimRuns(db, requestOf(place)))[0];

test('a run that waits has no lease, and comes back with what has ended its wait (W3)', async ({
  db,
}) => {
  const here = await claimed(db, { maxAttempts: 1 });
  const { runId, epoch } = here.lease;
  expect(here.lease.resume).toBeNull();
  expect(await beginWaits(db, [here.wait()])).toMatchObject([{ how: 'waiting' }]);
  await here.inside(async (tx) => {
    expect(await findRun(tx, runId)).toMatchObject({ state: 'waiting', attempt: 1 });
    expect(await readStates(tx, [runId])).toMatchObject([{ state: 'waiting' }]);
    const { orgId } = here.place.tenant;
    const listed = await listRuns(tx, { orgId, projectId: null, state: 'waiting', limit: 5 });
    expect(listed).toMatchObject([{ runId }]);
    expect(await listRuns(tx, { orgId, projectId: null, state: 'queued', limit: 5 })).toEqual([]);
    expect(await findWait(tx, runId)).toMatchObject({ epoch, kind: 'approval', prompt: 'May it?' });
  });
  expect(await claimAgain(db, here)).toBeUndefined();
  expect(await beginWaits(db, [here.wait()])).toMatchObject([{ how: 'repeated', sq: null }]);
  const resumed = await here.inside((tx) => resumeRun(tx, here.answer(), 5));
  expect(resumed).toEqual({ how: 'resumed', line: { sq: here.place.sq, prio: 0 } });
  const again = await claimAgain(db, here);
  expect(again).toMatchObject({ runId, attempt: 1 });
  expect(JSON.parse(again?.resume ?? '')).toEqual({
    kind: 'approved',
    name: 'go',
    value: { n: 1 },
    by: 'token:ann',
  });
  // A worker that is lost after the answer: the next attempt is told it too.
  await takeBack(db, [again as ClaimAnswer], { why: 'x', counts: false });
  expect((await claimAgain(db, here))?.resume).toContain('approved');
});

test('only the session that has the lease may wait (F1)', async ({ db }) => {
  const here = await claimed(db);
  const stranger = await makePlace(db, await makeTenant(db));
  for (const wrong of [
    { epoch: here.lease.epoch + 1n },
    { sessionEpoch: 2n },
    { workerNum: stranger.num },
    { orgId: stranger.tenant.orgId },
  ]) {
    expect(await beginWaits(db, [here.wait(wrong)])).toMatchObject([{ how: 'lost', sq: null }]);
  }
  await beginWaits(db, [here.wait()]);
  const late = {
    ...here.wait(),
    status: 'completed',
    output: null,
    error: null,
    retry: false,
    errorClass: null,
    deadLetter: false,
  } as const;
  expect(await reportRuns(db, [late], 1_000)).toMatchObject([{ how: 'lost' }]);
  const foreign = await inTenant(db, [stranger.tenant.orgId], (tx) =>
    resumeRun(tx, here.answer(), 5),
  );
  expect(foreign).toBeNull();
});

test('a wait that is approved twice at once is resumed once (W2)', async ({ db, owner }) => {
  const here = await claimed(db);
  await beginWaits(db, [here.wait()]);
  await using held = await holdTransaction(db, [here.place.tenant.orgId], (tx) =>
    resumeRun(tx, here.answer(), 5),
  );
  const second = here.inside((tx) => resumeRun(tx, here.answer({ kind: 'denied' }), 5));
  await untilWaiting(owner);
  await held.commit();
  expect(held.output).toMatchObject({ how: 'resumed' });
  expect(await second).toEqual({ how: 'idle' });
  expect((await claimAgain(db, here))?.resume).toContain('approved');
  expect(await claimAgain(db, here)).toBeUndefined();
});

test('an approval and the end of the time meet: one of them counts (W2)', async ({ db, owner }) => {
  for (const first of ['approval', 'timeout'] as const) {
    const here = await claimed(db);
    await beginWaits(db, [here.wait({ timeoutMs: 0 })]);
    const orgs = [here.place.tenant.orgId];
    if (first === 'approval') {
      await using held = await holdTransaction(db, orgs, (tx) => resumeRun(tx, here.answer(), 5));
      const ending = endWaits(db, 10);
      await untilWaiting(owner);
      await held.commit();
      expect(await ending).toEqual([]);
      expect((await claimAgain(db, here))?.resume).toContain('approved');
    } else {
      await using held = await holdTransaction(db, orgs, (tx) => endWaits(tx, 10));
      const approving = here.inside((tx) => resumeRun(tx, here.answer(), 5));
      await untilWaiting(owner);
      await held.commit();
      expect(held.output).toMatchObject([{ runId: here.lease.runId }]);
      expect(await approving).toEqual({ how: 'idle' });
      expect(JSON.parse((await claimAgain(db, here))?.resume ?? '')).toEqual({
        kind: 'timeout',
        name: 'go',
        value: null,
        by: null,
      });
    }
  }
});

test('an approval that has begun is waited for by the end of the time, not met crosswise (W2)', async ({
  db,
  owner,
}) => {
  const here = await claimed(db);
  await beginWaits(db, [here.wait({ timeoutMs: 0 })]);
  const { runId } = here.lease;
  await using held = await holdTransaction(db, [here.place.tenant.orgId], async (tx) => {
    await sql`select from run_wait where run_id = ${runId} for update`.execute(tx);
    return { approve: () => resumeRun(tx, here.answer(), 5) };
  });
  const ending = endWaits(db, 10);
  await untilWaiting(owner);
  expect(await held.output.approve()).toMatchObject({ how: 'resumed' });
  await held.commit();
  expect(await ending).toEqual([]);
});

test('a signal is not missed, whether it comes before, while or after the wait begins (W1)', async ({
  db,
  owner,
}) => {
  const signal = { kind: 'signal', name: 'go' } as const;
  const before = await claimed(db);
  expect(await before.inside((tx) => resumeRun(tx, before.answer(signal), 5))).toEqual({
    how: 'kept',
  });
  const other = before.answer({ ...signal, name: 'other', value: null });
  await before.inside((tx) => resumeRun(tx, other, 5));
  expect(await beginWaits(db, [before.wait({ kind: 'signal' })])).toMatchObject([
    { how: 'resumed', sq: before.place.sq },
  ]);
  const resumed = await claimAgain(db, before);
  expect(resumed?.resume).toContain('"n":1');
  expect(resumed?.attempt).toBe(1);

  const first = await claimed(db);
  await using sending = await holdTransaction(db, [first.place.tenant.orgId], (tx) =>
    resumeRun(tx, first.answer(signal), 5),
  );
  const waiting = beginWaits(db, [first.wait({ kind: 'signal' })]);
  await untilWaiting(owner);
  await sending.commit();
  expect(await waiting).toMatchObject([{ how: 'resumed' }]);

  const second = await claimed(db);
  await using begun = await holdTransaction(db, [second.place.tenant.orgId], (tx) =>
    beginWaits(tx, [second.wait({ kind: 'signal' })]),
  );
  const sent = second.inside((tx) => resumeRun(tx, second.answer(signal), 5));
  await untilWaiting(owner);
  await begun.commit();
  expect(await sent).toMatchObject({ how: 'resumed' });
  expect((await claimAgain(db, second))?.resume).toContain('signal');
});

test('a signal is not missed by a run that has waited before (W1)', async ({ db, owner }) => {
  const here = await claimed(db);
  const signal = { kind: 'signal', name: 'go' } as const;
  await beginWaits(db, [here.wait()]);
  await here.inside((tx) => resumeRun(tx, here.answer(), 5));
  const again = (await claimAgain(db, here)) as ClaimAnswer;

  await using sending = await holdTransaction(db, [here.place.tenant.orgId], (tx) =>
    resumeRun(tx, here.answer(signal), 5),
  );
  const waiting = beginWaits(db, [here.wait({ kind: 'signal', epoch: again.epoch })]);
  await untilWaiting(owner);
  await sending.commit();
  expect(sending.output).toEqual({ how: 'kept' });
  expect(await waiting).toMatchObject([{ how: 'resumed' }]);
});

test('kept signals are bounded, and an answer to another wait is none', async ({ db }) => {
  const here = await claimed(db);
  const signal = here.answer({ kind: 'signal', name: 'x' });
  const hows: (string | undefined)[] = [];
  for (let n = 1; n <= 3; n += 1) {
    hows.push((await here.inside((tx) => resumeRun(tx, signal, 2)))?.how);
  }
  expect(hows).toEqual(['kept', 'kept', 'full']);
  expect(await here.inside((tx) => resumeRun(tx, here.answer(), 5))).toEqual({ how: 'idle' });
  await beginWaits(db, [here.wait()]);
  for (const wrong of [{ wait: here.lease.epoch + 1n }, { name: 'other' }]) {
    const answered = await here.inside((tx) => resumeRun(tx, here.answer(wrong), 5));
    expect(answered).toEqual({ how: 'idle' });
  }
  const right = here.answer({ wait: here.lease.epoch });
  expect(await here.inside((tx) => resumeRun(tx, right, 5))).toMatchObject({ how: 'resumed' });
});

test('a run that waits can be cancelled, and its deadline counts', async ({ db, owner }) => {
  const here = await claimed(db);
  await beginWaits(db, [here.wait()]);
  const { runId } = here.lease;
  expect(await here.inside((tx) => cancelRun(tx, runId))).toBe('cancelled');
  expect(await here.inside((tx) => resumeRun(tx, here.answer(), 5))).toEqual({ how: 'ended' });

  const asked = await claimed(db);
  await asked.inside((tx) => cancelRun(tx, asked.lease.runId));
  expect(await beginWaits(db, [asked.wait()])).toMatchObject([{ how: 'cancelled' }]);
  await asked.inside(async (tx) => {
    expect(await findRun(tx, asked.lease.runId)).toMatchObject({ state: 'cancelled' });
  });

  const late = await claimed(db, { deadline: new Date(Date.now() + HOUR_MS) });
  await beginWaits(db, [late.wait()]);
  await sql`update run_deadline set due_at = app_now()`.execute(owner);
  expect(await expireRuns(db, 10)).toMatchObject([{ runId: late.lease.runId }]);
  await late.inside(async (tx) => {
    expect(await findRun(tx, late.lease.runId)).toMatchObject({ state: 'failed' });
  });
});

test('waits and signals are forgotten after their run', async ({ db, open }) => {
  const here = await claimed(db);
  await here.inside((tx) => resumeRun(tx, here.answer({ kind: 'signal', name: 'x' }), 5));
  await beginWaits(db, [here.wait()]);
  const later = open({ clockOffsetSeconds: 86_400 });
  const left = async (): Promise<number> =>
    inTenant(later, [here.place.tenant.orgId], async (tx) => {
      await forgetWaits(tx, HOUR_MS);
      const { rows } = await sql<{ n: number }>`
        select ((select count(*) from run_wait) + (select count(*) from run_signal))::int as n
      `.execute(tx);
      return rows[0]?.n ?? 0;
    });
  expect(await left()).toBe(2);
  await here.inside((tx) => cancelRun(tx, here.lease.runId));
  expect(await left()).toBe(0);
});
